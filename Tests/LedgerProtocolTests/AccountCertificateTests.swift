import Crypto
import LedgerProtocol
import Testing

@Suite("Account certificates")
struct AccountCertificateTests {
    private let key = Curve25519.Signing.PrivateKey()

    private func signed() throws -> [UInt8] {
        let certificate = AccountCertificate(
            account: 0x0102_0304_0506_0708, notBeforeMilliseconds: 1_000, notAfterMilliseconds: 2_000,
            offlineCapFen: 5_000, deviceKey: (0..<32).map { UInt8($0) })
        return try #require(certificate).signed(by: key)
    }

    @Test("What was signed is read back, from the bytes that the format prescribes")
    func roundTrip() throws {
        let bytes = try signed()
        #expect(bytes.count == AccountCertificate.size)
        #expect(Array(bytes[..<16]) == Array("YKACERT1".utf8) + [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(Array(bytes[32..<40]) == [0x88, 0x13, 0, 0, 0, 0, 0, 0])
        #expect(Array(bytes[40..<72]) == (0..<32).map { UInt8($0) })
        let read = try AccountCertificate(verifying: bytes, with: key.publicKey)
        #expect(read.account == 0x0102_0304_0506_0708 && read.offlineCapFen == 5_000 && read.flags == 0)
        #expect(
            read.isValid(at: 1_000) && read.isValid(at: 2_000) && !read.isValid(at: 999) && !read.isValid(at: 2_001))
    }

    @Test("No cut, no flipped bit and no other signer is taken")
    func damaged() throws {
        let bytes = try signed()
        var tried = 0
        for length in 0..<bytes.count {
            #expect(throws: AccountCertificateError.notACertificate) {
                try AccountCertificate(verifying: Array(bytes[..<length]), with: key.publicKey)
            }
            tried += 1
        }
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: AccountCertificateError.self) {
                try AccountCertificate(verifying: flipped, with: key.publicKey)
            }
            tried += 1
        }
        let stranger = Curve25519.Signing.PrivateKey().publicKey
        #expect(throws: AccountCertificateError.badSignature) {
            try AccountCertificate(verifying: bytes, with: stranger)
        }
        #expect(
            AccountCertificate(
                account: 1, notBeforeMilliseconds: 0, notAfterMilliseconds: 1, offlineCapFen: 1, deviceKey: [1]) == nil)
        print("certificates: \(tried) damaged ones refused")
    }

    @Test("Signed, but turned round in time or with flags of a later version: refused")
    func malformed() throws {
        var bytes = Array(try signed()[..<72])
        bytes[36] = 1
        let flagged = bytes + Array(try key.signature(for: bytes))
        #expect(throws: AccountCertificateError.malformed) {
            try AccountCertificate(verifying: flagged, with: key.publicKey)
        }
        let turned = AccountCertificate(
            account: 1, notBeforeMilliseconds: 2, notAfterMilliseconds: 1, offlineCapFen: 0,
            deviceKey: [UInt8](repeating: 0, count: 32))
        let signedTurned = try #require(turned).signed(by: key)
        #expect(throws: AccountCertificateError.malformed) {
            try AccountCertificate(verifying: signedTurned, with: key.publicKey)
        }
    }
}
