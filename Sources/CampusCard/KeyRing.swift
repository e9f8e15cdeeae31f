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
