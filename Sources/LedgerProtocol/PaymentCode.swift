public import Crypto
import Platform

/// What a holder's telephone shows as a QR code to pay with: a new one each minute, to be checked with no network.
///
/// 208 bytes, little-endian: the account's certificate 136 (see ``AccountCertificate``), minute u32 (since 1970-01-01
/// UTC, by the telephone's clock), random 4, then 64 bytes Ed25519 by the certificate's device key over "YKPAY1" and two
/// zero bytes, the SHA-256 of the certificate's 136 bytes, minute u32 and random 4. The random bytes let one minute have
/// several codes, for somebody who pays twice.
///
/// As text: "YK1" and RFC 4648's base32 of the bytes, capital letters, no padding: 336 characters. All of them are in QR's
/// alphanumeric mode (5.5 bits a character instead of 8: a version 10 symbol at level L, 11 at M), and a scanner that plays a
/// keyboard types them without a sign that layouts disagree on. Small letters and blanks around are taken too, since
/// Caps Lock and a scanner's set-up add those.
public struct PaymentCode: Hashable, Sendable {
    /// Bytes of a code.
    public static let size = AccountCertificate.size + 4 + 4 + 64
    /// Characters of its text.
    public static let textLength = prefix.utf8.count + Base32.length(of: size)
    /// How long a code's minute is, in milliseconds.
    public static let millisecondsAMinute: Int64 = 60_000
    /// What every code's text begins with.
    public static let prefix = "YK1"

    /// The code's bytes.
    public let bytes: [UInt8]
    /// The account that pays, and within which bounds.
    public let certificate: AccountCertificate
    /// When it was made, in minutes since 1970-01-01 UTC by the telephone's clock.
    public let minute: UInt32

    /// The account that pays.
    public var account: UInt64 { certificate.account }
    /// What codes of this account may pay at one terminal without the ledger's word, in fen.
    public var offlineCapFen: UInt32 { certificate.offlineCapFen }

    /// What the QR code holds: 336 letters and digits.
    public var text: String { Self.prefix + Base32.encode(bytes) }

    /// The code's name in records: the first 8 bytes of the SHA-256 of its bytes, as a little-endian number; never 0.
    ///
    /// Nobody but the device can make a second code with other bytes and another name out of one: base32 is taken in one
    /// spelling only, and Ed25519 as BoringSSL checks it allows one encoding of a signature.
    public var hash: UInt64 {
        let number: UInt64 = Array(SHA256.hash(data: bytes)).integer(at: 0)
        // Records say "no code" with 0.
        return number == 0 ? 1 : number
    }

    /// A new code, as the telephone makes it.
    ///
    /// - Parameters:
    ///   - certificate: the account's certificate, the 136 bytes as the ledger signed them.
    ///   - deviceKey: the key that the certificate names.
    ///   - wallMilliseconds: the telephone's clock, in milliseconds since 1970-01-01 UTC.
    /// - Throws: ``PaymentCodeError/malformed`` for bytes that are no certificate or a time before 1970 or after 10136;
    ///   ``PaymentCodeError/badDeviceSignature`` when the certificate names another key, as nobody would take the code.
    public static func make(
        certificate: [UInt8], deviceKey: Curve25519.Signing.PrivateKey, wallMilliseconds: Int64
    ) throws -> PaymentCode {
        try make(
            certificate: certificate, deviceKey: deviceKey, wallMilliseconds: wallMilliseconds,
            random: UInt32.random(in: 0...UInt32.max))
    }

    /// The same with `random` for the four random bytes.
    static func make(
        certificate bytes: [UInt8], deviceKey: Curve25519.Signing.PrivateKey, wallMilliseconds: Int64, random: UInt32
    ) throws -> PaymentCode {
        guard let certificate = AccountCertificate(unverified: bytes), wallMilliseconds >= 0,
            let minute = UInt32(exactly: wallMilliseconds / millisecondsAMinute)
        else { throw PaymentCodeError.malformed }
        guard Array(deviceKey.publicKey.rawRepresentation) == certificate.deviceKey else {
            throw PaymentCodeError.badDeviceSignature
        }
        var code = bytes + [UInt8](repeating: 0, count: 8)
        code.store(minute, at: minuteOffset)
        code.store(random, at: minuteOffset + 4)
        code += Array(try deviceKey.signature(for: signedMessage(of: code)))
        return PaymentCode(bytes: code, certificate: certificate, minute: minute)
    }

    /// Reads what a scanner has read. Whether the code's time has come, or is over, is the caller's to ask.
    ///
    /// - Throws: ``PaymentCodeError`` unless the ledger signed the certificate and the device the code. Any text is fine.
    public init(
        verifying text: String, with ledgerKey: Curve25519.Signing.PublicKey
    ) throws(PaymentCodeError) {
        let bytes = try Self.bytes(of: text)
        let certificate: AccountCertificate
        do throws(AccountCertificateError) {
            certificate = try AccountCertificate(verifying: Array(bytes[..<AccountCertificate.size]), with: ledgerKey)
        } catch {
            throw error == .badSignature ? .badCertificateSignature : .malformed
        }
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: certificate.deviceKey),
            key.isValidSignature(bytes[Self.signedSize...], for: Self.signedMessage(of: bytes))
        else { throw .badDeviceSignature }
        self.init(bytes: bytes, certificate: certificate, minute: bytes.integer(at: Self.minuteOffset))
    }

    private init(bytes: [UInt8], certificate: AccountCertificate, minute: UInt32) {
        self.bytes = bytes
        self.certificate = certificate
        self.minute = minute
    }

    private static let minuteOffset = AccountCertificate.size
    private static let signedSize = size - 64
    /// Says what is signed, so that no signature of the device passes for one over something else.
    private static let domain = Array("YKPAY1".utf8) + [0, 0]

    /// What the device signs: `code` may or may not have its signature yet.
    private static func signedMessage(of code: [UInt8]) -> [UInt8] {
        domain + Array(SHA256.hash(data: code[..<AccountCertificate.size])) + code[minuteOffset..<signedSize]
    }

    private static func bytes(of text: String) throws(PaymentCodeError) -> [UInt8] {
        var characters = Array(text.utf8)[...]
        while let last = characters.last, isBlank(last) { characters.removeLast() }
        characters = characters.drop(while: isBlank)
        let start = characters.prefix(prefix.utf8.count)
        guard zip(start, prefix.utf8).allSatisfy({ capital($0) == $1 }) else { throw .notOurs }
        guard characters.count > prefix.utf8.count else { throw .incomplete }
        characters = characters.dropFirst(prefix.utf8.count)
        guard characters.allSatisfy({ Base32.value(of: $0) != nil }) else { throw .malformed }
        guard characters.count >= Base32.length(of: size) else { throw .incomplete }
        guard let bytes = Base32.decode(characters), bytes.count == size else { throw .malformed }
        return bytes
    }

    private static func isBlank(_ character: UInt8) -> Bool {
        character == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(character)
    }

    private static func capital(_ character: UInt8) -> UInt8 {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character) ? character - 32 : character
    }
}

/// Why a text is not a payment code to go by.
public enum PaymentCodeError: Error, Hashable, Sendable {
    /// It does not begin as one: another app's code, or goods.
    case notOurs
    /// It begins as one and stops too early; the empty text too.
    case incomplete
    /// It begins as one, and is none: misread, too long, or with fields of a later version.
    case malformed
    /// The ledger did not sign the certificate.
    case badCertificateSignature
    /// The certificate is the ledger's, and its device did not sign the code.
    case badDeviceSignature
}
