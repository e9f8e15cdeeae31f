import Platform
import Simulator

@testable import Journal

/// Turns a fuzzer's bytes into a journal's directory: a journal of 20 records, changed as the bytes say.
enum Disk {
    private static let files = [
        "journal-00000005-0000000000000001.seg", "journal-00000005-0000000000000009.seg",
        "journal-00000005-0000000000000011.seg", "cursor", "head", "spare",
        "journal-00000005-3fffffffffffffff.seg", "journal-00000006-0000000000000001.seg",
    ]

    /// A journal in good order: segments of 8 slots, 20 records, 5 of them acknowledged.
    private static let sound: SimulatedStorage = {
        let storage = SimulatedStorage(seed: 1)
        let options = JournalOptions(slotsPerSegment: 8, epoch: 5, acknowledgedSegmentsKept: 1, recordsPerKey: 4)
        let journal = try? JournalWriter.open(
            storage: storage, terminal: 3, key: FuzzTarget.key, time: SimulatedTime(), options: options)
        for number in 0..<20 as Range<UInt8> {
            _ = try? journal?.append(type: RecordType(rawValue: 1), payload: [number])
        }
        if let record = try? journal?.records(from: 5, limit: 1).first {
            try? journal?.acknowledge(through: 5, chainHead: record.mac)
        }
        return storage
    }()

    /// Each order is an action, a file, an offset of two bytes, a length, and that many bytes.
    static func build(from bytes: [UInt8]) -> SimulatedStorage {
        let disk = sound.afterProcessEnd()
        var rest = bytes[...]
        while rest.count >= 5 {
            let head = Array(rest.prefix(5))
            rest = rest.dropFirst(5)
            let name = files[Int(head[1]) % files.count]
            let offset = Int(head[2]) << 8 | Int(head[3])
            let data = Array(rest.prefix(Int(head[4])))
            rest = rest.dropFirst(data.count)
            carryOut(head[0], on: name, offset: offset, data: data, disk)
        }
        return disk.afterProcessEnd()
    }

    private static func carryOut(_ action: UInt8, on name: String, offset: Int, data: [UInt8], _ disk: SimulatedStorage)
    {
        var contents = (try? disk.contents(of: name)) ?? []
        switch action % 6 {
        case 0, 1:
            // Overwrites; and puts the checksum of what was hit right, so that the fields behind it count.
            let place = contents.isEmpty ? offset % 4096 : offset % contents.count
            if contents.count < place + data.count {
                contents += [UInt8](repeating: 0, count: place + data.count - contents.count)
            }
            contents.replaceSubrange(place..<place + data.count, with: data)
            if action % 6 == 1 { sealAll(&contents, name) }
        case 2: contents = Array(contents.prefix(offset))
        case 3:
            try? disk.remove(name)
            return
        case 4:
            let other = files[offset % files.count]
            contents = (try? disk.contents(of: other)) ?? []
        default: contents += [UInt8](repeating: data.first ?? 0, count: min(offset, 4096))
        }
        try? disk.replace(name, with: contents)
    }

    private static func sealAll(_ contents: inout [UInt8], _ name: String) {
        let isSegment = name.hasPrefix("journal-") || name == "spare"
        seal(&contents, at: 0, size: 512)
        if isSegment {
            for start in stride(from: 512, to: contents.count, by: Slot.size) {
                let end = min(start + Slot.size, contents.count)
                if contents[start..<end].contains(where: { $0 != 0 }) { seal(&contents, at: start, size: Slot.size) }
            }
        } else {
            seal(&contents, at: 512, size: 512)
        }
    }

    /// Puts the checksum right that ends `size` bytes from `start` on.
    static func seal(_ contents: inout [UInt8], at start: Int, size: Int) {
        guard contents.count >= start + size else { return }
        let end = start + size - 4
        contents.store(CRC32C.checksum(contents[start..<end]), at: end)
    }
}
