import Foundation
import Platform
import Simulator
import Testing

@testable import Journal

/// `Fixtures/format-1` was written by the last program of that format: 43 records in segments of 16, 10 of them
/// acknowledged, record 20 damaged and reported by record 41.
@Suite("Journals of other formats")
struct FormatOneTests {
    private let storage = SimulatedStorage(seed: 1)

    init() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Fixtures/format-1")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try storage.replace(name, with: [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
        }
    }

    private func contents() throws -> [String: [UInt8]] {
        try storage.names.reduce(into: [:]) { $0[$1] = try storage.contents(of: $1) }
    }

    @Test("an upgraded terminal delivers every unacknowledged record of format 1 as it was, and goes on in format 2")
    func upgrade() throws {
        let before = try contents()
        let journal = try Rig.open(storage)
        #expect(journal.recovery.findings == [])
        #expect(journal.cursor.acknowledged == 10)
        #expect(journal.lastSequence == 44)
        #expect(try journal.append(type: Rig.sale, payload: Rig.payload(45)).sequence == 45)

        let records = try journal.records(from: 11, limit: 100)
        #expect(records.map(\.slot.sequence) == Array(11...45))
        #expect(records.map(\.slot.version) == [UInt8](repeating: 1, count: 34) + [2])
        var link = ChainLink.mac(journal.cursor.chainHead)
        for record in records {
            guard case .mac(let mac) = link else {
                Issue.record("the link before \(record.slot.sequence) is lost")
                return
            }
            #expect(Rig.key.verifies(record.bytes, after: mac), "record \(record.slot.sequence)")
            link = ChainLink(after: record.slot, bytes: record.bytes)
        }
        for (name, bytes) in before where name.hasPrefix("journal-") || name.hasPrefix("quarantine-") {
            let segment = try #require(try storage.contents(of: name))
            #expect(segment.prefix(512 + 12 * 128) == bytes.prefix(512 + 12 * 128), "\(name) was changed")
        }
    }

    @Test("format 1 without the root key is refused, and left as it is")
    func withoutRoot() throws {
        let before = try contents().filter { $0.key.hasPrefix("journal-") }
        #expect(throws: JournalError.keyMissing) {
            try JournalWriter.open(storage: storage, terminal: 3, key: nil, time: SimulatedTime(), options: Rig.options)
        }
        #expect(try contents().filter { $0.key.hasPrefix("journal-") } == before)
    }

    @Test("after a downgrade, a journal of a newer format is refused by its number and nothing of it is lost")
    func downgrade() throws {
        let segment = "journal-00000005-0000000000000021.seg"
        let header = try #require(try storage.contents(of: segment))
        for (offset, checksum, version) in [(8, 508, 3), (512, 636, 3)] as [(Int, Int, UInt8)] {
            var bytes = header
            bytes[offset] = version
            let start = offset == 8 ? 0 : offset
            bytes.store(CRC32C.checksum(bytes[start..<checksum]), at: checksum)
            try storage.replace(segment, with: bytes)
            let before = try contents().filter { $0.key.hasPrefix("journal-") }
            #expect(throws: JournalError.unknownFormat(file: segment, version: 3)) {
                try Rig.open(storage.afterProcessEnd())
            }
            #expect(try contents().filter { $0.key.hasPrefix("journal-") } == before)
        }
    }

    @Test("the processor's checksum is the one that the page defines")
    func checksum() {
        #expect(CRC32C.checksum(Array("123456789".utf8)[...]) == 0xE306_9283)
        var generator = SplitMix64(seed: 4)
        for count in 0...200 {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            #expect(CRC32C.checksum(bytes[...]) == CRC32C.checksumByDefinition(bytes))
        }
    }
}
