import FoundationEssentials
import Glibc
import Measuring

/// What a record costs the flash: bytes that reach the device while one writer alone makes records durable.
struct DeviceBytes {
    /// As many as a segment holds, so that the journal pays for one: its zeros and its names.
    private static let records = 8192

    static func figures(in directory: String) throws -> [Figure] {
        let path = "/sys/dev/block/\(try Device(of: directory).name)/stat"
        let bare = try BareFile(directory: directory)
        let journal = try WholeJournal(directory: directory + "/device")
        defer { journal.end() }
        let sqlite = try SQLite(directory: directory)
        let floor = try cost(bare, path)
        return [
            Figure("device bytes a record, bare", floor, "bytes"),
            Figure("device bytes a record, journal", try cost(journal, path), "bytes", floor: floor),
            Figure("device bytes a record, SQLite", try cost(sqlite, path), "bytes", floor: floor),
        ]
    }

    /// `nil` where the device keeps no count.
    private static func cost(_ peer: any Peer, _ path: String) throws -> Double? {
        sync()
        guard let before = written(path) else { return nil }
        for _ in 0..<records { try peer.append(1) }
        peer.settle()
        sync()
        return written(path).map { Double($0 - before) / Double(records) }
    }

    /// The device's seventh count: sectors of 512 bytes written since the box was started.
    private static func written(_ path: String) -> Int? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ", omittingEmptySubsequences: true)
        return fields.count > 6 ? Int(fields[6]).map { $0 * 512 } : nil
    }
}
