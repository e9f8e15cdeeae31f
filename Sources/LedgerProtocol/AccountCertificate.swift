public import Crypto
import Platform

/// What the ledger says about an account and the telephone that shows its payment codes, so that a terminal can check a
/// code with no network.
///
/// 136 bytes, little-endian: "YKACERT1", account u64, not before i64 and not after i64 (ms since 1970), offline cap in fen
/// u32, flags u32, the device's Ed25519 public key 32, then the ledger's Ed25519 signature over all before 64.
public struct AccountCertificate: Hashable, Sendable {
    /// Bytes of a certificate.
    public static let size = 136

    /// The account that codes under it pay from.
    public let account: UInt64
    /// It counts from here on, in milliseconds since 1970-01-01 UTC.
    public let notBeforeMilliseconds: Int64
    /// It counts until here, in milliseconds since 1970-01-01 UTC.
    public let notAfterMilliseconds: Int64
    /// What codes under it may pay at one terminal without the ledger's word, in fen.
    public let offlineCapFen: UInt32
    /// Not used yet: 0. A reader refuses what it does not know.
    public let flags: UInt32
    /// The device's key (Ed25519), 32 bytes: it signs the codes.
    public let deviceKey: [UInt8]

    /// A certificate with these fields; `nil` unless the key has 32 bytes.
    public init?(
        account: UInt64, notBeforeMilliseconds: Int64, notAfterMilliseconds: Int64, offlineCapFen: UInt32,
        deviceKey: [UInt8]
    ) {
        guard deviceKey.count == Self.keySize else { return nil }
        self.account = account
        self.notBeforeMilliseconds = notBeforeMilliseconds
        self.notAfterMilliseconds = notAfterMilliseconds
        self.offlineCapFen = offlineCapFen
        flags = 0
        self.deviceKey = deviceKey
    }

    private static let magic = Array("YKACERT1".utf8)
    private static let keySize = 32
    private static let signedSize = 72

    /// The certificate's bytes, signed by the ledger.
    public func signed(by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.signedSize)
        bytes.replaceSubrange(0..<8, with: Self.magic)
        bytes.store(account, at: 8)
        bytes.store(notBeforeMilliseconds, at: 16)
        bytes.store(notAfterMilliseconds, at: 24)
        bytes.store(offlineCapFen, at: 32)
        bytes.store(flags, at: 36)
        bytes.replaceSubrange(40..<72, with: deviceKey)
        return bytes + Array(try key.signature(for: bytes))
    }

    /// Reads a signed certificate; whether it counts now is the caller's to ask, see ``isValid(at:)``.
    ///
    /// - Throws: ``AccountCertificateError`` unless the ledger's signature holds and every byte is accounted for.
    public init(
        verifying bytes: [UInt8], with key: Curve25519.Signing.PublicKey
    ) throws(AccountCertificateError) {
        guard let certificate = Self(unverified: bytes) else { throw .notACertificate }
        guard key.isValidSignature(bytes[Self.signedSize...], for: bytes[..<Self.signedSize]) else {
            throw .badSignature
        }
        self = certificate
        guard flags == 0, notBeforeMilliseconds <= notAfterMilliseconds else { throw .malformed }
    }

    /// What `bytes` say, whoever signed them; `nil` when they are no certificate at all.
    init?(unverified bytes: [UInt8]) {
        guard bytes.count == Self.size, Array(bytes[..<8]) == Self.magic else { return nil }
        account = bytes.integer(at: 8)
        notBeforeMilliseconds = bytes.integer(at: 16)
        notAfterMilliseconds = bytes.integer(at: 24)
        offlineCapFen = bytes.integer(at: 32)
        flags = bytes.integer(at: 36)
        deviceKey = Array(bytes[40..<72])
    }

    /// Whether it counts at `milliseconds` since 1970-01-01 UTC.
    public func isValid(at milliseconds: Int64) -> Bool {
        notBeforeMilliseconds <= milliseconds && milliseconds <= notAfterMilliseconds
    }
}

/// Why bytes are not an account certificate to go by.
public enum AccountCertificateError: Error, Hashable, Sendable {
    /// They do not begin as one, or have another length.
    case notACertificate
    /// The ledger did not sign them.
    case badSignature
    /// Signed, but the fields contradict each other or are newer than this reader.
    case malformed
}
