import ArgumentParser
import Foundation
import Journal
import LedgerProtocol
import Measuring
import Platform
import Sync

/// What is queued after an outage, brought to the ledger over a slow link that loses packets (`tools/slow-link`).
struct LinkFigures {
    let scratch: String

    static let records = 10_000
    private static let kilobits = 1000.0
    private static let delay = 100
    private static let loss = 0.01

    func figures() throws -> [Figure] {
        let house = try LedgerHouse(in: scratch, "link", workload: Workload(records: 0, holders: 500, seed: 1))
        let journal = "\(scratch)/link-journal"
        try fill(journal, holders: 500)
        let server = house.command(host: "10.77.0.1", port: 8080).joined(separator: " ")
        let client = [
            LedgerHouse.program("measure-sync"), "deliver", journal, "--url", "http://10.77.0.1:8080",
        ].joined(separator: " ")
        let (process, output) = try start([
            "tools/slow-link", "--kbits", "\(Self.kilobits)", "--delay-ms", "\(Self.delay)", "--loss", "\(Self.loss)",
            "--server", server, "--client", client,
        ])
        let answer = try JSONDecoder().decode(Delivery.self, from: try output.readToEnd() ?? Data())
        process.waitUntilExit()
        guard answer.acknowledged == UInt64(Self.records) else {
            throw Failure("\(answer.acknowledged) of \(Self.records) records arrived over the slow link")
        }
        // Nothing but the packed records' bits, at the link's rate.
        let bare = Double(answer.packedBytes * 8) / (Self.kilobits * 1000)
        return [
            Figure(
                "\(Self.records) records over 1 Mbit/s, 200 ms, 1 % loss", answer.seconds, "s", floor: bare),
            Figure("uploads that took", Double(answer.uploads), "uploads"),
        ]
    }

    /// A journal with sales, as a terminal writes it.
    private func fill(_ directory: String, holders: Int) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let journal = try Journal.open(
            storage: FileStorage(directory: directory), terminal: 1, key: ChainKey(bytes: Workload.journalKey(1)),
            time: SystemTime())
        var random = Splitter(state: 7)
        for number in 0..<Self.records / 2 {
            var sale = Workload.sale(number, holders: holders, &random)
            let intent = try journal.append(
                type: RecordType(rawValue: SaleRecordType.intent), payload: sale.encoded)
            sale.result = .done
            sale.relatedSequence = intent.sequence
            _ = try journal.append(type: RecordType(rawValue: SaleRecordType.outcome), payload: sale.encoded)
        }
        _ = journal.close(deadline: SystemTime().now().advanced(milliseconds: 10_000))
    }
}

/// How a delivery went.
struct Delivery: Codable {
    let seconds: Double
    let acknowledged: UInt64
    let uploads: Int
    let packedBytes: Int
}

struct Deliver: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings a journal to a ledger and says how that went.", shouldDisplay: false)

    @Argument var directory: String
    @Option var url: String

    func run() throws {
        let journal = try Journal.open(
            storage: FileStorage(directory: directory), terminal: 1, key: ChainKey(bytes: Workload.journalKey(1)),
            time: SystemTime())
        let client = Counting(
            CurlLedgerClient(
                settings: .init(
                    url: url, terminal: 1, credential: .bearer(Workload.token), timeoutMilliseconds: 30_000)))
        let uploader = Uploader(feed: journal, client: client, time: SystemTime()) { _ in }
        let spent = microseconds {
            while journal.cursor.acknowledged < journal.lastSequence {
                let wait = uploader.step()
                if wait > 0, journal.cursor.acknowledged < journal.lastSequence {
                    SystemTime().sleep(milliseconds: wait)
                }
            }
        }
        let delivery = Delivery(
            seconds: spent / 1_000_000, acknowledged: journal.cursor.acknowledged, uploads: client.uploads,
            packedBytes: client.packedBytes)
        print(String(decoding: try JSONEncoder().encode(delivery), as: UTF8.self))
    }
}

/// The real client, counting what it sends. One thread's.
private final class Counting: LedgerClient, @unchecked Sendable {
    private let client: CurlLedgerClient
    private(set) var uploads = 0
    private(set) var packedBytes = 0

    init(_ client: CurlLedgerClient) { self.client = client }

    func permit(_ request: PermitRequest, deadline: Instant) throws(LedgerClientError) -> PermitAnswer {
        try client.permit(request, deadline: deadline)
    }

    func authorize(_ request: SaleRequest, deadline: Instant) throws(LedgerClientError) -> SaleAnswer {
        try client.authorize(request, deadline: deadline)
    }

    func upload(
        terminal: UInt16, epoch: UInt32, first: UInt64, bytes: [UInt8]
    ) throws(LedgerClientError) -> UploadResult {
        let result = try client.upload(terminal: terminal, epoch: epoch, first: first, bytes: bytes)
        uploads += 1
        packedBytes += BatchCompression.compress(bytes).count
        return result
    }

    func feed(_ kind: FeedKind, since: UInt64) throws(LedgerClientError) -> [UInt8]? {
        try client.feed(kind, since: since)
    }

    func heartbeat(_ heartbeat: Heartbeat) throws(LedgerClientError) -> HeartbeatAnswer {
        try client.heartbeat(heartbeat)
    }

    func status() throws(LedgerClientError) -> LedgerStatus { try client.status() }
}
