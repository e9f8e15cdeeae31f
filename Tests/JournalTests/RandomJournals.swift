import Foundation
import Platform
import Simulator

@testable import Journal

/// Makes journals as years of bad luck might leave them, each from its seed.
struct RandomJournal {
    /// The directory's files.
    private(set) var files: [String: [UInt8]] = [:]
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        var storage = SimulatedStorage(seed: seed)
        for _ in 0..<1 + pick(3) { storage = live(storage) }
        for name in storage.names { files[name] = (try? storage.contents(of: name)) ?? [] }
        if pick(5) > 0 {
            for _ in 0..<1 + pick(8) { damage() }
        }
    }

    func write(to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, bytes) in files { try Data(bytes).write(to: URL(filePath: directory + "/" + name)) }
    }

    private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    /// One opening: appends alone and in batches, acknowledgements, and an end in peace or not.
    private mutating func live(_ storage: SimulatedStorage) -> SimulatedStorage {
        if pick(3) == 0 { storage.plan(.powerCut, atOperation: 1 + pick(60)) }
        guard let journal = try? Rig.open(storage) else { return storage.afterPowerCut() }
        for _ in 0..<pick(12) {
            let count = pick(4) == 0 ? 1 + pick(20) : 1
            let drafts = (0..<count).map { _ in
                JournalWriter.Draft(
                    type: RecordType(rawValue: UInt8(1 + pick(2))), payload: [UInt8](repeating: 7, count: pick(77)))
            }
            _ = journal.append(drafts)
            journal.maintain()
            if pick(4) == 0 { acknowledge(journal) }
        }
        if pick(2) == 0, let name = storage.names.filter({ $0.hasSuffix(".seg") }).randomElement(using: &random) {
            let at = pick(2560)
            for slot in 0..<1 + pick(3) { storage.damage(name, at: at + slot * Slot.size, mask: 1 << UInt8(pick(8))) }
        }
        return pick(3) == 0 ? storage.afterPowerCut() : storage.afterProcessEnd()
    }

    private mutating func acknowledge(_ journal: JournalWriter) {
        let from = journal.cursor.acknowledged + 1
        guard journal.lastSequence >= from else { return }
        let isAll = pick(2) == 0
        let sequence = isAll ? journal.lastSequence : from + UInt64(pick(Int(journal.lastSequence - from) + 1))
        guard let record = try? journal.records(from: sequence, limit: 1).first else { return }
        try? journal.acknowledge(through: record.slot.sequence, chainHead: record.mac)
    }

    private mutating func damage() {
        guard let name = files.keys.filter({ $0 != "lock" }).sorted().randomElement(using: &random),
            var bytes = files[name]
        else { return }
        let segment = files.keys.filter { $0.hasSuffix(".seg") }.sorted().randomElement(using: &random)
        switch pick(12) {
        case 0: files[name] = nil
        case 1: files[name] = Array(bytes.prefix(pick(bytes.count + 1)))
        case 2: files["cursor"] = nil
        case 3, 4:
            guard !bytes.isEmpty else { return }
            bytes[pick(bytes.count)] ^= 1 << UInt8(pick(8))
            files[name] = bytes
        default:
            if let segment, let bytes = files[segment] { files[segment] = damaged(bytes) }
        }
    }

    /// A segment's bytes with something done to a slot or to the header.
    private mutating func damaged(_ whole: [UInt8]) -> [UInt8] {
        var bytes = whole
        let slots = (bytes.count - SegmentHeader.size) / Slot.size
        guard slots > 0 else { return bytes }
        let start = SegmentHeader.size + pick(slots) * Slot.size
        let run = start..<min(bytes.count, start + (1 + pick(4)) * Slot.size)
        switch pick(11) {
        case 9: bytes.zero(run)
        case 10: for index in run { bytes[index] = UInt8(pick(256)) }
        case 0, 1: bytes[start + pick(Slot.size)] ^= 1 << UInt8(pick(8))
        case 2: bytes.zero(start / 512 * 512..<min(bytes.count, start / 512 * 512 + 512))
        case 3: bytes.zero(start + pick(Slot.size)..<start + Slot.size)
        case 4:
            let other = SegmentHeader.size + pick(slots) * Slot.size
            bytes.replaceSubrange(start..<start + Slot.size, with: bytes[other..<other + Slot.size])
        case 5:
            // Forged by somebody who knows the format and not the key.
            bytes[start + 36] ^= 1
            bytes.seal(start..<start + Slot.size)
        case 6: bytes[pick(SegmentHeader.size)] ^= 1
        case 7:
            let fields = [(16, 1), (24, 1), (44, 1), (48, 1)].randomElement(using: &random) ?? (16, 1)
            bytes[fields.0] ^= UInt8(fields.1)
            bytes.seal(0..<SegmentHeader.size)
        default:
            if pick(4) == 0 {
                bytes[start] = UInt8([0, 3, 9].randomElement(using: &random) ?? 3)
                bytes.seal(start..<start + Slot.size)
            } else {
                for index in start..<start + Slot.size { bytes[index] = UInt8(pick(256)) }
            }
        }
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func zero(_ range: Range<Int>) {
        replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
    }

    /// Gives what lies in `range` a right checksum.
    fileprivate mutating func seal(_ range: Range<Int>) {
        store(CRC32C.checksum(self[range.lowerBound..<range.upperBound - 4]), at: range.upperBound - 4)
    }
}
