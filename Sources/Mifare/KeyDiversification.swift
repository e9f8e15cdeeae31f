import Crypto
import CryptoExtras

/// A master key of 16 bytes, from which the keys of single cards are derived.
///
/// It never prints.
public struct MasterKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// Bytes in a master key.
    public static let length = 16

    let key: SymmetricKey

    /// The key of these bytes; `nil` when there are not 16.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// Says what it is, and nothing of its bytes.
    public var description: String { "MasterKey(hidden)" }
    /// Shows nothing of the bytes to a debugger.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Key diversification by NXP's AN10922, AES-128: every card and sector has its own keys, none of which leads to
/// another.
public enum KeyDiversification {
    /// The longest diversification input, in bytes: a constant byte and it fill two AES blocks.
    public static let inputCapacity = 31

    /// The 16-byte key that `master` gives for the diversification `input`; `nil` unless it has 1 to 31 bytes.
    ///
    /// This is AES-CMAC over `01 ‖ input`, except that the note pads to two blocks always, where CMAC would pad a short
    /// message to one. Hence the two blocks by hand, over the library's cipher.
    public static func aes128(master: MasterKey, input: [UInt8]) -> [UInt8]? {
        guard (1...inputCapacity).contains(input.count) else { return nil }
        var message = [0x01] + input
        let isPadded = message.count < 32
        if isPadded { message.append(0x80) }
        message += [UInt8](repeating: 0, count: 32 - message.count)
        let k1 = doubled(encrypted([UInt8](repeating: 0, count: 16), master))
        let subkey = isPadded ? doubled(k1) : k1
        let first = encrypted(Array(message[..<16]), master)
        let last = zip(zip(message[16...], subkey), first).map { $0.0 ^ $0.1 ^ $1 }
        return encrypted(last, master)
    }

    /// The key of one sector of one card: the first 6 bytes of the AES key for UID ‖ `system` ‖ sector number.
    ///
    /// AN10922 knows no 6-byte keys; the cut and the order of the input are this project's own choice, fixed by the
    /// vectors in the tests. Key A and key B come from different master keys.
    ///
    /// - Parameter system: the identifier of the card system, at most 20 bytes, so that two schools that share a master
    ///   key by mistake still do not share card keys.
    /// - Returns: `nil` when `system` is longer than that or `sector` is not one of a card's.
    public static func classicKey(master: MasterKey, uid: CardUID, system: [UInt8], sector: Int) -> SectorKey? {
        guard system.count <= 20, let sector = UInt8(exactly: sector) else { return nil }
        guard let key = aes128(master: master, input: uid.bytes + system + [sector]) else { return nil }
        return SectorKey(Array(key.prefix(SectorKey.length)))
    }

    /// Multiplication by x in GF(2^128), as CMAC derives its subkeys (RFC 4493, 2.3).
    private static func doubled(_ block: [UInt8]) -> [UInt8] {
        var result = block.indices.map { index in
            block[index] << 1 | (index + 1 < block.count ? block[index + 1] >> 7 : 0)
        }
        if block[0] & 0x80 != 0 { result[15] ^= 0x87 }
        return result
    }

    private static func encrypted(_ block: [UInt8], _ master: MasterKey) -> [UInt8] {
        var block = block
        do {
            try AES.permute(&block, key: master.key)
        } catch {
            // The cipher refuses only wrong lengths, and both are fixed here.
            preconditionFailure("AES refused a 16-byte block under a 16-byte key: \(error)")
        }
        return block
    }
}
