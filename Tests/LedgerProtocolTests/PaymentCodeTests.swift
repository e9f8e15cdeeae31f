import Crypto
import Simulator
import Testing

@testable import LedgerProtocol

@Suite("Payment codes")
struct PaymentCodeTests {
    private let ledger = Curve25519.Signing.PrivateKey()
    private let device = Curve25519.Signing.PrivateKey()

    private func certificate(_ key: Curve25519.Signing.PrivateKey? = nil) throws -> [UInt8] {
        try #require(
            AccountCertificate(
                account: 4711, notBeforeMilliseconds: 1_000, notAfterMilliseconds: 9_000_000, offlineCapFen: 5_000,
                deviceKey: Array(device.publicKey.rawRepresentation))
        ).signed(by: key ?? ledger)
    }

    private func code(random: UInt32 = 7) throws -> PaymentCode {
        try PaymentCode.make(
            certificate: certificate(), deviceKey: device, wallMilliseconds: 29_803_680 * 60_000 + 59_999,
            random: random)
    }

    private func refusal(_ text: String) -> PaymentCodeError? {
        do throws(PaymentCodeError) {
            _ = try PaymentCode(verifying: text, with: ledger.publicKey)
            return nil
        } catch {
            return error
        }
    }

    @Test("What a telephone made is read back, from the bytes and the characters that the format prescribes")
    func roundTrip() throws {
        let made = try code()
        #expect(made.bytes.count == 208 && made.text.count == 336 && made.text.hasPrefix("YK1"))
        #expect(made.text.allSatisfy { ("A"..."Z").contains($0) || ("1"..."7").contains($0) })
        #expect(Array(made.bytes[..<136]) == (try certificate()))
        #expect(Array(made.bytes[136..<144]) == [0xA0, 0xC4, 0xC6, 0x01, 7, 0, 0, 0])
        let message =
            Array("YKPAY1\0\0".utf8) + Array(SHA256.hash(data: made.bytes[..<136])) + made.bytes[136..<144]
        #expect(device.publicKey.isValidSignature(made.bytes[144...], for: message))
        let read = try PaymentCode(verifying: made.text, with: ledger.publicKey)
        #expect(read == made && read.account == 4711 && read.offlineCapFen == 5_000 && read.minute == 29_803_680)
        #expect(read.certificate.notAfterMilliseconds == 9_000_000)
    }

    @Test("A code's name is the start of its SHA-256, and two codes of one minute have two")
    func names() throws {
        let (one, other) = (try code(random: 1), try code(random: 2))
        let digest = Array(SHA256.hash(data: one.bytes))
        #expect(one.hash == (0..<8).reduce(UInt64(0)) { $0 | UInt64(digest[$1]) << UInt64(8 * $1) })
        #expect(one.hash != other.hash && one.minute == other.minute)
        let made = try (0..<2).map { _ in
            try PaymentCode.make(certificate: certificate(), deviceKey: device, wallMilliseconds: 0).hash
        }
        #expect(made[0] != made[1])
    }

    @Test(
        "Base32 is RFC 4648's, and a value has one spelling",
        arguments: [
            ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ])
    func base32(plain: String, encoded: String) {
        #expect(Base32.encode(Array(plain.utf8)) == encoded)
        #expect(Base32.decode(encoded.utf8) == Array(plain.utf8))
        #expect(Base32.decode(encoded.lowercased().utf8) == Array(plain.utf8))
        // MZ differs from MY in bits that stand for nothing; one character alone is less than a byte.
        #expect(Base32.decode("MZ".utf8) == nil && Base32.decode("A".utf8) == nil && Base32.decode("M=".utf8) == nil)
    }

    @Test("Small letters and blanks around are taken, as Caps Lock and suffixes of scanners make them")
    func tolerance() throws {
        let made = try code()
        for text in [made.text.lowercased(), " \t\(made.text)\r\n", "\u{000B}\u{000C}" + made.text + "  "] {
            #expect(try PaymentCode(verifying: text, with: ledger.publicKey) == made)
        }
    }

    @Test("Other apps' codes are not ours, and a code cut anywhere is incomplete")
    func cutAndForeign() throws {
        let text = try code().text
        for foreign in ["https://u.wechat.com/abc", "281234567890123456", "YK2AAAA", "6901234567892", "一卡", "\0"] {
            #expect(refusal(foreign) == .notOurs, "\(foreign)")
        }
        for length in 0..<text.count { #expect(refusal(String(text.prefix(length))) == .incomplete, "\(length)") }
        for longer in [text + "A", text + text, text.dropLast() + "1", text.dropLast() + "!"] {
            #expect(refusal(String(longer)) == .malformed)
        }
        #expect(refusal(text.dropLast(9) + " \(text.suffix(8))") == .malformed)
    }

    @Test("No flipped bit is taken, and the error says whose signature is broken")
    func damaged() throws {
        let made = try code()
        var counts: [PaymentCodeError: Int] = [:]
        for bit in 0..<PaymentCode.size * 8 {
            var bytes = made.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let error = try #require(refusal(PaymentCode.prefix + Base32.encode(bytes)), "bit \(bit)")
            counts[error, default: 0] += 1
            switch bit / 8 {
            case ..<8: #expect(error == .malformed)
            case ..<136: #expect(error == .badCertificateSignature, "bit \(bit)")
            default: #expect(error == .badDeviceSignature, "bit \(bit)")
            }
        }
        #expect(counts.values.reduce(0, +) == 1664)
        print("payment codes: \(counts.values.reduce(0, +)) flipped bits refused")
    }

    @Test("Neither another ledger's certificate nor another device's signature is taken")
    func strangers() throws {
        let stranger = Curve25519.Signing.PrivateKey()
        let forged = try PaymentCode.make(
            certificate: certificate(stranger), deviceKey: device, wallMilliseconds: 60_000)
        #expect(refusal(forged.text) == .badCertificateSignature)
        // The signature of another code of the same device: the minute is signed too.
        let (one, other) = (try code(random: 1), try code(random: 2))
        let mixed = Array(one.bytes[..<144]) + other.bytes[144...]
        #expect(refusal(PaymentCode.prefix + Base32.encode(mixed)) == .badDeviceSignature)
        // Another certificate of the same device under an old code: the certificate is signed too.
        let renewed = try #require(
            AccountCertificate(
                account: 4712, notBeforeMilliseconds: 0, notAfterMilliseconds: 9_000_000, offlineCapFen: 90_000,
                deviceKey: Array(device.publicKey.rawRepresentation))
        ).signed(by: ledger)
        #expect(refusal(PaymentCode.prefix + Base32.encode(renewed + one.bytes[136...])) == .badDeviceSignature)
    }

    @Test("No code is made that nobody would take")
    func making() throws {
        #expect(throws: PaymentCodeError.badDeviceSignature) {
            try PaymentCode.make(
                certificate: certificate(), deviceKey: Curve25519.Signing.PrivateKey(), wallMilliseconds: 0)
        }
        for time in [-1, Int64.min, Int64.max, (Int64(UInt32.max) + 1) * 60_000] {
            #expect(throws: PaymentCodeError.malformed) {
                try PaymentCode.make(certificate: certificate(), deviceKey: device, wallMilliseconds: time)
            }
        }
        #expect(throws: PaymentCodeError.malformed) {
            try PaymentCode.make(certificate: [1, 2, 3], deviceKey: device, wallMilliseconds: 0)
        }
    }

    @Test("Whatever a scanner delivers, nothing traps and nothing is taken")
    func garbage() throws {
        let seed: UInt64 = 0x5943_4F44_4531
        var random = SplitMix64(seed: seed)
        let text = Array(try code().text.utf8)
        let rounds = 20_000
        for round in 0..<rounds {
            var bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if round % 2 == 0 {
                bytes = text
                for _ in 0...Int.random(in: 0...3, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0...2, using: &random) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: place)
                    default: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: place)
                    }
                }
            }
            let garbled = String(decoding: bytes, as: UTF8.self)
            guard refusal(garbled) == nil else { continue }
            let read = try PaymentCode(verifying: garbled, with: ledger.publicKey)
            #expect(Array(read.text.utf8) == text, "round \(round) of seed \(seed)")
        }
        print("payment codes: \(rounds) garbled texts, seed \(seed)")
    }
}
