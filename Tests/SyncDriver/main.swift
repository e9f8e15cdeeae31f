import Foundation
import Glibc
import Journal
import LedgerProtocol
import Platform
import Simulator
import Sync

// A terminal without cards, as a process that a test can kill: it appends and uploads as the daemon does, and says each
// record that was answered for.
//
//   sync-driver DIRECTORY URL TERMINAL TOKEN KEY APPENDS SEED
//
// It ends when it has appended its share and the ledger has all, and when whoever started it is gone.

func say(_ words: String) {
    let line = Array((words + "\n").utf8)
    _ = unsafe write(STDOUT_FILENO, line, line.count)
}

let parent = getppid()
let words = CommandLine.arguments
guard words.count == 8, let terminal = UInt16(words[3]), let key = [UInt8](hex: words[5]), let appends = Int(words[6]),
    let seed = UInt64(words[7])
else { exit(64) }

var random = SplitMix64(seed: seed)
let journal: Journal
do {
    journal = try Journal.open(
        storage: FileStorage(directory: words[1]), terminal: terminal, key: ChainKey(bytes: key), time: SystemTime(),
        options: JournalOptions(slotsPerSegment: 64, epoch: 1, recordsPerKey: 50))
} catch {
    say("failed \(error)")
    exit(1)
}
say("opened \(journal.lastSequence) \(journal.cursor.acknowledged)")
let uploader = Uploader(
    feed: journal,
    client: CurlLedgerClient(
        settings: .init(url: words[2], terminal: terminal, credential: .bearer(words[4]), timeoutMilliseconds: 3000)),
    time: SystemTime(),
    settings: .init(
        batch: Int.random(in: 4...40), batchMost: 128, backoff: Backoff(first: 20, longest: 200),
        stoppedRetryMilliseconds: 200)
) { event in
    switch event {
    case .acknowledged(let answer): say("acknowledged \(answer.acknowledged) \(answer.chainHead)")
    case .frozen(let stop): say("stopped \(stop)")
    default: break
    }
}
uploader.start()

func append(_ type: UInt8, _ payload: [UInt8]) -> UInt64 {
    do throws(JournalError) {
        let record = try journal.append(type: RecordType(rawValue: type), payload: payload)
        say("answered \(record.sequence) \(type) \(payload.hex())")
        uploader.nudge()
        return record.sequence
    } catch {
        say("failed \(error)")
        exit(1)
    }
}

for _ in 0..<appends {
    var sale = SaleRecord(
        uid: [], medium: .code, result: .intended, account: 1_000_001 + UInt64.random(in: 0..<8, using: &random),
        cardSerial: 1, cardSequence: 0, amount: UInt32.random(in: 1...900, using: &random))
    sale.relatedSequence = append(SaleRecordType.intent, sale.encoded)
    sale.result = .done
    _ = append(SaleRecordType.outcome, sale.encoded)
    SystemTime().sleep(milliseconds: Int64.random(in: 0...4))
    if getppid() != parent { exit(1) }
}
while journal.cursor.acknowledged < journal.lastSequence {
    SystemTime().sleep(milliseconds: 5)
    if getppid() != parent { exit(1) }
}
uploader.stop(deadline: SystemTime().now().advanced(milliseconds: 10_000))
journal.close(deadline: SystemTime().now().advanced(milliseconds: 10_000))
say("done \(journal.lastSequence)")
exit(0)
