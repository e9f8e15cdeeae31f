import Crypto
import CryptoExtras
import Mifare
import Platform
import Simulator
import Testing

@Suite struct KeyDiversificationTests {
    private func derive(_ master: String, _ input: String) throws -> String? {
        let master = try #require([UInt8](hex: master).flatMap(MasterKey.init))
        return KeyDiversification.aes128(master: master, input: try #require([UInt8](hex: input)))?.hex()
    }

    @Test("AN10922's published example gives its published key")
    func publishedVector() throws {
        let key = try derive("00112233445566778899AABBCCDDEEFF", "04782E21801D803042F54E585020416275")
        #expect(key == "a8dd63a3b89d54b37ca802473fda9175")
    }

    @Test("A short input is padded to two blocks: what padding to one gives is known, and not ours")
    func shortInput() throws {
        let master = "F3F9377698707B688EAF84ABE39E3791"
        #expect(try derive(master, "04DEADBEEFFEED") == "0bb408baff98b6ee9f2e1585777f6a51")
        // The wrong padding that libfreefare's issue 91 is about is plain CMAC's.
        let wrong = try cmac(master, "0104DEADBEEFFEED")
        #expect(wrong == "721e2c01e81af85d815633969cea2607")
    }

    /// RFC 4493's CMAC by the library, which has no part in our own two blocks.
    private func cmac(_ master: String, _ message: String) throws -> String {
        var cmac = try AES.CMAC(key: SymmetricKey(data: try #require([UInt8](hex: master))))
        cmac.update(data: try #require([UInt8](hex: message)))
        return Array(cmac.finalize()).hex()
    }

    @Test("Where the message fills more than one block it is the library's CMAC, below that it never is")
    func againstLibrary() throws {
        let seed: UInt64 = 0x10922
        var random = SplitMix64(seed: seed)
        func bytes(_ count: Int) -> String {
            (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }.hex()
        }
        var (alike, different) = (0, 0)
        for length in 1...31 {
            for _ in 0..<50 {
                let (master, input) = (bytes(16), bytes(length))
                let isCMAC = try derive(master, input) == cmac(master, "01" + input)
                // The constant 01 before it makes 17 bytes of 16.
                #expect(isCMAC == (length >= 16), "\(length) bytes")
                (alike, different) = isCMAC ? (alike + 1, different) : (alike, different + 1)
            }
        }
        print("AN10922: \(alike) keys as CMAC's, \(different) other than CMAC's, 1 to 31 bytes (seed \(seed))")
        #expect(alike == 16 * 50 && different == 15 * 50)
    }

    @Test("Inputs of 1 to 31 bytes are taken, others refused")
    func lengths() throws {
        let master = try #require(MasterKey([UInt8](repeating: 7, count: 16)))
        var keys: Set<[UInt8]> = []
        for length in 1...31 {
            keys.insert(
                try #require(KeyDiversification.aes128(master: master, input: [UInt8](repeating: 0, count: length))))
        }
        #expect(keys.count == 31)
        #expect(KeyDiversification.aes128(master: master, input: []) == nil)
        #expect(KeyDiversification.aes128(master: master, input: [UInt8](repeating: 0, count: 32)) == nil)
    }

    @Test("Sector keys differ by card, sector and system")
    func sectorKeys() throws {
        let master = try #require(MasterKey(Array(0..<16)))
        let system = Array("yika".utf8)
        var keys: Set<SectorKey> = []
        for last in UInt8(0)..<8 {
            let uid = try #require(CardUID([0x12, 0x34, 0x56, last]))
            for sector in 0..<40 {
                for system in [system, Array("other".utf8)] {
                    let key = KeyDiversification.classicKey(master: master, uid: uid, system: system, sector: sector)
                    keys.insert(try #require(key))
                }
            }
        }
        #expect(keys.count == 8 * 40 * 2)
        let uid = try #require(CardUID([0x12, 0x34, 0x56, 0x78]))
        #expect(KeyDiversification.classicKey(master: master, uid: uid, system: system, sector: 256) == nil)
        let long = [UInt8](repeating: 1, count: 21)
        #expect(KeyDiversification.classicKey(master: master, uid: uid, system: long, sector: 1) == nil)
    }
}
