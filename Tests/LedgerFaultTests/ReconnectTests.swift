import Foundation
import LedgerProtocol
import Platform
import Sync
import Synchronization
import TestSupport
import Testing

@testable import Journal
@testable import Ledger

/// What a campus does to its ledger when the network comes back.
@Suite("A campus reconnects", .serialized)
struct ReconnectTests {
    private static let terminals = SweepSize.current == .quick ? 20 : 100
    private static let records = SweepSize.current == .quick ? 200 : 900

    @Test(
        "a hundred terminals with three days of records each, all at once, bring each of them once",
        arguments: LedgerProcess.Kind.allCases)
    func allAtOnce(kind: LedgerProcess.Kind) throws {
        let memory = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()
        let folder = memory + "yika-campus-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let numbers = (1...UInt16(Self.terminals)).map { $0 }
        let ledger = try LedgerProcess(kind, folder: folder, terminals: numbers)
        let journals = try numbers.map { try Self.journal($0, folder) }
        let port = try ledger.start()
        let stopped = Mutex<[String]>([])
        let start = SystemTime().now()
        let uploaders = journals.map { journal in
            let client = CurlLedgerClient(
                settings: .init(
                    url: "http://127.0.0.1:\(port)", terminal: journal.terminal,
                    credential: .bearer(LedgerProcess.token)))
            return Uploader(
                feed: journal, client: client, time: SystemTime(), settings: .init(backoff: Backoff(first: 100))
            ) { event in
                if case .frozen(let stop) = event { stopped.withLock { $0.append("\(journal.terminal): \(stop)") } }
            }
        }
        for uploader in uploaders { uploader.start() }
        let deadline = start.advanced(milliseconds: 180_000)
        while journals.contains(where: { $0.cursor.acknowledged < $0.lastSequence }), SystemTime().now() < deadline {
            SystemTime().sleep(milliseconds: 5)
        }
        let took = SystemTime().now().milliseconds(since: start)
        for uploader in uploaders { uploader.stop(deadline: deadline) }
        #expect(stopped.withLock { $0 } == [])
        #expect(journals.allSatisfy { $0.cursor.acknowledged == $0.lastSequence })
        #expect(try ledger.check().contains("every invariant holds"))
        let store = try ledger.store()
        let count = try store.read { try $0.integer("SELECT count(*) FROM records") }
        #expect(count == Int64(journals.reduce(0) { $0 + $1.lastSequence }))
        try store.close()
        print("reconnection, \(kind.rawValue): \(Self.terminals) terminals brought \(count) records in \(took) ms")
    }

    private static func journal(_ terminal: UInt16, _ folder: String) throws -> JournalWriter {
        let directory = folder + "/journal-\(terminal)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let journal = try JournalWriter.open(
            storage: FileStorage(directory: directory), terminal: terminal,
            key: ChainKey(bytes: ScriptedJournal.key(terminal)), time: SystemTime(),
            options: JournalOptions(slotsPerSegment: 1024, epoch: 1))
        // What its business was, but chained and timed by the journal itself.
        let script = ScriptedJournal(terminal: terminal, records: records, seed: UInt64(terminal))
        let drafts = try script.slots.map { bytes in
            let slot = try Slot(decoding: bytes)
            return JournalWriter.Draft(type: slot.type, payload: slot.payload)
        }
        for start in stride(from: 0, to: drafts.count, by: 64) {
            for result in journal.append(Array(drafts[start..<min(start + 64, drafts.count)])) { _ = try result.get() }
        }
        return journal
    }
}
