import Mifare
import Platform
import Testing

/// Defects found by reading LibLogicalAccess 3.5.0 (`mifarecommands.cpp`), each as a test that its code would fail.
@Suite("What LibLogicalAccess does, ours must not do")
struct KnownDefectsTests {
    private let application = ApplicationID(functionCluster: 0x48, applicationCode: 0x02)

    @Test("A MAD2 entry is found again by the finder that found MAD1's: both halves hold the low byte first")
    func oneByteOrder() throws {
        var directory = MAD(for: .fourK)
        for sector in [3, 17, 39] { try directory.assign(application, to: sector) }
        let byte = GeneralPurposeByte(directory: .two, multipleApplications: true)
        let found = try MAD(generalPurposeByte: byte, blocks: directory.blocks)
        #expect(found.sectors(of: application) == [3, 17, 39])
        #expect(directory.blocks[1]?.bytes[6...7] == [0x02, 0x48])
        #expect(directory.blocks[64]?.bytes[2...3] == [0x02, 0x48])
    }

    @Test("A finder does not run past the directory's end for an application that is not there")
    func absentApplication() throws {
        for size in ClassicSize.allCases {
            var directory = MAD(for: size)
            while let sector = directory.firstFree { try directory.assign(application, to: sector) }
            var found = 0
            for number in UInt16.min ... .max where number != application.rawValue && number != 0x0005 {
                found += directory.sectors(of: ApplicationID(rawValue: number)).count
            }
            #expect(found == 0)
            #expect(directory.sectors(of: .free).isEmpty && directory.firstFree == nil)
        }
    }

    @Test("The trailer of a 4K's big sector is not given the rules of its last data group")
    func bigTrailer() throws {
        // Anybody may do anything with data; only key B changes the trailer.
        let bits = try #require(AccessBits(conditions: [0b000, 0b000, 0b000, 0b011]))
        for sector in 32..<40 {
            let trailer = ClassicSize.trailer(ofSector: sector)
            #expect(bits.keyUse(for: .write, block: trailer - 1).preferred == .a)
            #expect(bits.keyUse(for: .write, block: trailer).preferred == .b)
        }
    }

    @Test("A value block's condition 110 does not count as never written: key B writes and increments, not key A")
    func valueBlock() throws {
        let bits = try #require(AccessBits(conditions: [0b110, 0b000, 0b000, 0b011]))
        #expect(bits.keyUse(for: .write, block: 4).preferred == .b)
        #expect(bits.keyUse(for: .increment, block: 4).preferred == .b)
        #expect(bits.keyUse(for: .decrement, block: 4).preferred == .a)
    }

    @Test("An empty new key B does not become six zeros on the card: it is no key, and a trailer needs two")
    func emptyKey() {
        #expect(SectorKey([]) == nil)
        #expect(SectorKey(hex: "") == nil)
    }
}
