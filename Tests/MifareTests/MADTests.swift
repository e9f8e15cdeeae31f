import Mifare
import Platform
import Simulator
import Testing

@Suite("The application directory")
struct MADTests {
    private let application = ApplicationID(rawValue: 0x4811)
    private let multiple = GeneralPurposeByte(rawValue: 0xC1)
    private let multiple2 = GeneralPurposeByte(rawValue: 0xC2)

    private func block(_ hex: String) throws -> Block { try #require([UInt8](hex: hex).flatMap(Block.init)) }

    /// The checksum by long division of the message as one polynomial, which shares nothing with the code's way.
    private func remainder(_ bytes: [UInt8]) -> UInt8 {
        // The preset C7 means: as if these eight bits had been added to the first byte.
        var bits = bytes.enumerated().flatMap { index, byte in
            (0..<8).map { (index == 0 ? byte ^ 0xC7 : byte) >> (7 - UInt8($0)) & 1 }
        }
        bits += [UInt8](repeating: 0, count: 8)
        for place in 0..<bits.count - 8 where bits[place] == 1 {
            for (offset, bit) in [1, 0, 0, 0, 1, 1, 1, 0, 1].enumerated() { bits[place + offset] ^= UInt8(bit) }
        }
        return bits.suffix(8).reduce(0) { $0 << 1 | $1 }
    }

    @Test("reads AN10787's example, checksum 89, and writes it back bit by bit")
    func publishedExample() throws {
        let blocks = [
            1: try block("89010108010801080000000000000400"),
            2: try block("03100310021002100000000000001130"),
        ]
        // The note prints the bytes of a block from the highest down.
        let directory = try MAD(generalPurposeByte: multiple, blocks: blocks)
        let shared = ApplicationID(functionCluster: 0x08, applicationCode: 0x01)
        #expect(directory.sectors(of: shared) == [1, 2, 3])
        #expect(directory.sectors(of: .free) == [4, 5, 6, 12, 13, 14])
        #expect(directory.sectors(of: .cardHolder) == [7])
        #expect(directory.sectors(of: ApplicationID(rawValue: 0x1003)) == [8, 9])
        #expect(directory.sectors(of: ApplicationID(rawValue: 0x1002)) == [10, 11])
        #expect(directory[15] == ApplicationID(functionCluster: 0x30, applicationCode: 0x11))
        #expect(directory.publisherSector == 1)
        #expect(directory.blocks == blocks)
    }

    @Test("of an NFC Forum card, as phones write it, has the known checksums 14 and E8")
    func forumCards() throws {
        var small = MAD(for: .oneK)
        var big = MAD(for: .fourK)
        let forum = ApplicationID(functionCluster: 0xE1, applicationCode: 0x03)
        while let sector = small.firstFree { try small.assign(forum, to: sector) }
        while let sector = big.firstFree { try big.assign(forum, to: sector) }
        try small.setPublisherSector(1)
        try big.setPublisherSector(1)
        #expect(small.blocks[1] == (try block("140103e103e103e103e103e103e103e1")))
        #expect(small.blocks[2] == (try block("03e103e103e103e103e103e103e103e1")))
        #expect(big.blocks[64] == (try block("e80103e103e103e103e103e103e103e1")))
        #expect(big.sectors(of: forum) == Array(1..<16) + Array(17..<40))
    }

    @Test("with any single bit flipped is refused, and the error names the damaged half")
    func flippedBits() throws {
        var refused = 0
        for (size, byte) in [(ClassicSize.oneK, multiple), (.fourK, multiple2)] {
            var directory = MAD(for: size)
            try directory.assign(application, to: 5)
            for (number, block) in directory.blocks {
                for bit in 0..<128 {
                    var bytes = block.bytes
                    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                    var blocks = directory.blocks
                    blocks[number] = Block(bytes)
                    let error = #expect(throws: MADError.self) { try MAD(generalPurposeByte: byte, blocks: blocks) }
                    guard case .checksumWrong(let sector, _, _) = error else { continue }
                    #expect(sector == (number < 64 ? 0 : 16))
                    refused += 1
                }
            }
        }
        print("application directories: \(refused) single-bit faults refused by checksum")
        #expect(refused == (2 + 5) * 128)
    }

    @Test("survives writing and reading, whatever is in it, and has its checksums in front")
    func roundTrips() throws {
        let seed: UInt64 = 0x4D4144
        var random = SplitMix64(seed: seed)
        for round in 0..<500 {
            let size = ClassicSize.allCases[round % ClassicSize.allCases.count]
            var directory = MAD(for: size)
            for _ in 0..<20 {
                guard let sector = directory.sectors(of: .free).randomElement(using: &random) else { break }
                let number = UInt16.random(in: .min ... .max, using: &random)
                try directory.assign(ApplicationID(rawValue: number), to: sector)
            }
            let blocks = directory.blocks
            let byte = GeneralPurposeByte(directory: directory.version, multipleApplications: true)
            #expect(Set(blocks.keys) == Set(directory.version.blocks))
            #expect(try MAD(generalPurposeByte: byte, blocks: blocks) == directory)
            for half in [[1, 2], [64, 65, 66]] where blocks[half[0]] != nil {
                let bytes = half.flatMap { blocks[$0]?.bytes ?? [] }
                #expect(bytes[0] == remainder(Array(bytes.dropFirst())))
            }
        }
        print("application directories: 500 written and read again (seed \(seed))")
    }

    @Test("of any bytes at all is read or refused, and never traps")
    func arbitraryBytes() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var read = 0
        for _ in 0..<4000 {
            var blocks: [Int: Block] = [:]
            for first in [1, 64] {
                var bytes = (0..<(first == 1 ? 32 : 48)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                // Half of them get a right checksum, to come past it.
                if Bool.random(using: &random) { bytes[0] = remainder(Array(bytes.dropFirst())) }
                for index in 0..<bytes.count / 16 where !Bool.random(using: &random) || index == 0 {
                    blocks[first + index] = Block(Array(bytes[index * 16..<index * 16 + 16]))
                }
            }
            let byte = GeneralPurposeByte(rawValue: .random(in: .min ... .max, using: &random))
            guard let directory = try? MAD(generalPurposeByte: byte, blocks: blocks) else { continue }
            read += 1
            #expect(directory.blocks.allSatisfy { blocks[$0.key] == $0.value })
            _ = (directory.publisherSector, directory.firstFree)
        }
        print("application directories: 4000 of random bytes (seed \(seed)), \(read) read")
    }

    @Test("marks the sectors that a card does not have, and gives them to nobody")
    func sizes() throws {
        for (size, version, entries) in [
            (ClassicSize.mini, MAD.Version.one, 4), (.oneK, .one, 15), (.twoK, .two, 30), (.fourK, .two, 38),
        ] {
            var directory = MAD(for: size)
            #expect(directory.version == version)
            #expect(directory.sectors(of: .free).count == entries)
            for sector in [-1, 0, 16, size.sectors, 40, 255, .max, .min] {
                let error = MADError.noEntry(sector: sector)
                #expect(throws: error) { try directory.assign(application, to: sector) }
                #expect(throws: error) { try directory.clear(sector) }
                #expect(throws: error) { try directory.setPublisherSector(sector) }
            }
        }
    }

    @Test("gives a free sector once, keeps another's application, and takes back what is cleared")
    func ownership() throws {
        for size in ClassicSize.allCases {
            var directory = MAD(for: size)
            let other = ApplicationID(rawValue: 0x0501)
            for sector in directory.sectors(of: .free) {
                #expect(directory.firstFree == sector)
                try directory.assign(application, to: sector)
                try directory.assign(application, to: sector)
                #expect(throws: MADError.taken(sector: sector, by: application)) {
                    try directory.assign(other, to: sector)
                }
            }
            #expect(directory.firstFree == nil)
            try directory.clear(3)
            #expect(directory[3] == .free && directory.firstFree == 3)
        }
    }

    @Test("points to the card publisher's sector in both halves, or to none")
    func publisher() throws {
        var directory = MAD(for: .fourK)
        #expect(directory.publisherSector == nil)
        try directory.setPublisherSector(39)
        #expect(directory.publisherSector == 39)
        #expect(directory.blocks[1]?.bytes[1] == 39 && directory.blocks[64]?.bytes[1] == 39)
        try directory.setPublisherSector(nil)
        #expect(directory.publisherSector == nil)
        #expect(throws: MADError.noEntry(sector: 16)) { try directory.setPublisherSector(16) }
    }

    @Test("is missing, of an unknown version or incomplete by an error that says so")
    func namedErrors() {
        let blocks = MAD(for: .oneK).blocks
        func reading(_ byte: UInt8, _ blocks: [Int: Block]) throws -> MAD {
            try MAD(generalPurposeByte: GeneralPurposeByte(rawValue: byte), blocks: blocks)
        }
        // 69 is what cards leave the factory with.
        #expect(throws: MADError.noDirectory) { try reading(0x69, blocks) }
        #expect(throws: MADError.unknownVersion(0)) { try reading(0xC0, blocks) }
        #expect(throws: MADError.unknownVersion(3)) { try reading(0xC3, blocks) }
        #expect(throws: MADError.missingBlock(64)) { try reading(0xC2, blocks) }
        #expect(throws: MADError.missingBlock(1)) { try reading(0xC1, [:]) }
        let blank = MADError.checksumWrong(
            sector: 0, stored: 0, computed: remainder([UInt8](repeating: 0, count: 31)))
        #expect(throws: blank) { try reading(0xC1, [1: .zero, 2: .zero]) }
    }

    @Test("is announced by the general purpose byte, C1 and C2 for several applications")
    func generalPurposeByte() {
        #expect(GeneralPurposeByte(directory: .one, multipleApplications: true).rawValue == 0xC1)
        #expect(GeneralPurposeByte(directory: .two, multipleApplications: true).rawValue == 0xC2)
        #expect(GeneralPurposeByte(directory: .one, multipleApplications: false).rawValue == 0x81)
        #expect(!GeneralPurposeByte(directory: nil, multipleApplications: true).hasDirectory)
        let factory = GeneralPurposeByte(rawValue: SectorTrailer.factoryUserByte)
        #expect(!factory.hasDirectory && factory.isForMultipleApplications && factory.versionCode == 1)
    }

    @Test("is read with the public key A0A1A2A3A4A5, and its administration codes are 0000 to 0005")
    func constants() {
        #expect(SectorKey.directory == SectorKey(hex: "a0a1a2a3a4a5"))
        let codes: [ApplicationID] = [.free, .defect, .reserved, .additionalDirectory, .cardHolder, .notApplicable]
        #expect(codes.map(\.rawValue) == Array(0...5))
        #expect(application.functionCluster == 0x48 && application.applicationCode == 0x11)
        #expect("\(application)" == "4811")
    }
}
