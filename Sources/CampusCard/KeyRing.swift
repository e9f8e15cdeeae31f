public import DeviceProfiles
public import Mifare

/// The seam to where keys are kept: a file marked as demonstration keys now, sealed storage or a SAM later.
///
/// Keys go out only as what a card needs: the diversified key of one sector, the MAC of one record.
public protocol KeyRing: Sendable {
    /// The key named `name` in `version` for `sector` of the card `uid`; `nil` when the ring has none of that name and
    /// version.
    func sectorKey(_ name: String, version: UInt8, uid: CardUID, sector: Int) -> SectorKey?

    /// The first 8 bytes of the AES-CMAC of `message` under the card's own diversification of the master key `name`;
    /// `nil` when the ring has none of that name and version.
    func mac(_ name: String, version: UInt8, uid: CardUID, over message: [UInt8]) -> [UInt8]?
}

extension CardLayout {
    /// The name and version of the first key of this layout that `ring` has not, as `name (version 1)`; `nil` when it has
    /// them all. To be asked before a card is touched.
    public func keyMissing(from ring: any KeyRing) -> String? {
        // Whether a key is there does not depend on the card.
        guard let uid = CardUID([0, 0, 0, 0]) else { return nil }
        let oldKeys = [old.holderNumber.key, old.smallPurse?.key, chipKey].compactMap(\.self) + ours.freeKeys
        var named: [(String, UInt8)] = oldKeys.map { ($0.name, 1) }
        named += [(ours.readKey, ours.keyVersion), (ours.writeKey, ours.keyVersion)]
        for (name, version) in named where ring.sectorKey(name, version: version, uid: uid, sector: 1) == nil {
            return "\(name) (version \(version))"
        }
        let hasMAC = ring.mac(ours.macKey, version: ours.keyVersion, uid: uid, over: []) != nil
        return hasMAC ? nil : "\(ours.macKey) (version \(ours.keyVersion))"
    }
}
