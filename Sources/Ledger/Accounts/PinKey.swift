import Crypto
import FoundationEssentials
import LedgerProtocol

/// The key without which a stolen database tells no PIN: it seals initial PINs and is part of every verifier.
///
/// It never prints.
public struct PinKey: Sendable, CustomStringConvertible {
    private let sealing: SymmetricKey
    private let verifying: SymmetricKey

    /// The key with these bytes, 32 of them.
    public init(bytes: [UInt8]) {
        let root = SymmetricKey(data: bytes)
        func key(_ use: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: root, info: Data(use.utf8), outputByteCount: 32)
        }
        sealing = key("yika initial PIN")
        verifying = key("yika PIN verifier")
    }

    /// A new key that nobody else has.
    public static func random() -> PinKey {
        PinKey(bytes: unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) })
    }

    /// A stand-in: the key itself is never printed.
    public var description: String { "PinKey(hidden)" }

    /// An initial PIN, until the account is opened; it opens for this holder only.
    func seal(_ pin: Pin, of holder: HolderHash) throws -> [UInt8] {
        let box = try AES.GCM.seal(Data(pin.digits.utf8), using: sealing, authenticating: Data(holder.bytes))
        guard let bytes = box.combined else { throw LedgerDamage("a sealed PIN with another nonce than usual") }
        return Array(bytes)
    }

    func open(_ sealed: [UInt8], of holder: HolderHash) throws -> Pin {
        guard let box = try? AES.GCM.SealedBox(combined: Data(sealed)),
            let digits = try? AES.GCM.open(box, using: sealing, authenticating: Data(holder.bytes)),
            let pin = Pin(digits: String(decoding: digits, as: UTF8.self))
        else { throw LedgerDamage("an initial PIN does not open: it was sealed under another pin.key") }
        return pin
    }

    /// Ties what scrypt made of a PIN to this key and to the account.
    func tag(_ derived: SymmetricKey, account: Int64) -> [UInt8] {
        var message = unsafe derived.withUnsafeBytes { unsafe Array($0) }
        message += (0..<8).map { UInt8(truncatingIfNeeded: account >> Int64(8 * $0)) }
        return Array(HMAC<SHA256>.authenticationCode(for: message, using: verifying))
    }
}

/// Six digits that only the holder knows.
struct Pin: Sendable {
    let digits: String

    init?(digits: String) {
        guard digits.utf8.count == 6, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.digits = digits
    }

    init(_ text: String) throws(LedgerRefused) {
        guard let pin = Pin(digits: text) else { throw .malformed("pin: expected six digits") }
        self = pin
    }

    /// The campus's rule for the first PIN: the last six characters of the ID number, letters as 0.
    init?(idNumber: String) {
        let characters = Array(idNumber.utf8)
        guard (6...32).contains(characters.count) else { return nil }
        var digits = ""
        for byte in characters {
            switch byte {
            case 0x30...0x39: digits.append(Character(UnicodeScalar(byte)))
            case 0x41...0x5A, 0x61...0x7A: digits.append("0")
            default: return nil
            }
        }
        self.init(digits: String(digits.suffix(6)))
    }
}
