import Journal
import LedgerProtocol
import Platform
import Simulator
import Synchronization
import Testing

@testable import Sync

@Suite("Size of batches")
struct BatchSizeTests {
    /// A link as an upload meets it, on simulated time.
    private struct Link {
        let name: String
        /// Time that any exchange takes, in milliseconds.
        let roundTrip: Int64
        /// Time that a record takes, in microseconds.
        let perRecord: Int64
        /// Records at which the connection breaks off; `nil`: it never does.
        var breaks: Int?

        func time(_ records: Int) -> Int64 { roundTrip + Int64(records) * perRecord / 1000 }
    }

    private static let timeout: Int64 = 10_000

    /// Uploads `count` records over `link` from an empty queue's first batch on: sizes sent, how many failed, how long.
    private func upload(
        _ count: Int, over link: Link, most: Int = 2048
    ) throws -> (sizes: [Int], failures: Int, milliseconds: Int64) {
        let ledger = FakeLedger()
        let time = SimulatedTime()
        let start = time.now()
        let sizes = Counter()
        ledger.state.withLock {
            $0.link = { records in
                sizes.add(records)
                let needed = link.time(records)
                guard needed < Self.timeout, records < link.breaks ?? .max else {
                    time.advance(milliseconds: min(needed, Self.timeout))
                    return needed < Self.timeout ? .broken : .timeout
                }
                time.advance(milliseconds: needed)
                return nil
            }
        }
        let terminal = try Terminal(ledger, time: time, batch: min(512, most), batchMost: most)
        try terminal.append(count)
        #expect(terminal.run(steps: 2000), "\(link.name)")
        #expect(ledger.stored.count == count, "\(link.name)")
        let failures = terminal.events.notable.count { if case .unreachable = $0 { true } else { false } }
        return (sizes.all, failures, time.now().milliseconds(since: start))
    }

    @Test("on a quick link batches double up to the most, on a slow one they shrink until answers come within seconds")
    func links() throws {
        let campus = try upload(12_000, over: Link(name: "campus", roundTrip: 5, perRecord: 10))
        #expect(Array(campus.sizes.prefix(4)) == [512, 1024, 2048, 2048])
        #expect(campus.failures == 0)

        let modem = Link(name: "modem", roundTrip: 300, perRecord: 12_000)
        let slow = try upload(3000, over: modem)
        let settled = slow.sizes.dropFirst(4).dropLast()
        #expect(settled.allSatisfy { modem.time($0) < BatchSize.slowMilliseconds }, "\(slow.sizes)")
        #expect(Set(settled).count <= 2, "on a steady link it settles: \(slow.sizes)")

        let dying = Link(name: "dying", roundTrip: 200, perRecord: 40_000)
        let dead = try upload(600, over: dying)
        #expect(dead.sizes.first == 512)
        #expect(dead.sizes.dropFirst(3).allSatisfy { dying.time($0) < Self.timeout }, "\(dead.sizes)")
        print("batches: campus \(campus.sizes.max() ?? 0), slow \(settled.max() ?? 0), dying \(dead.sizes.min() ?? 0)")
    }

    @Test("where a middlebox breaks off whatever is large, batches get below it and everything arrives once")
    func middlebox() throws {
        let link = Link(name: "middlebox", roundTrip: 50, perRecord: 100, breaks: 200)
        let result = try upload(2000, over: link)
        #expect(result.sizes.contains { $0 < 200 })
        // It tries larger ones again, since most breaks pass, but less and less often.
        #expect(result.failures > 0)
        #expect(result.sizes.count { $0 >= 200 } <= 7, "\(result.sizes)")
    }

    @Test("only what a smaller batch could mend makes batches smaller, and never below 16 or the first")
    func bounds() {
        func error(_ kind: LedgerClientError.Kind, _ code: String) -> LedgerClientError {
            LedgerClientError(kind: kind, code: code, message: "")
        }
        var size = BatchSize(first: 512, most: 2048)
        for other in [
            error(.unreachable, "curl-7"), error(.untrusted, "x509-20"), error(.denied, "L-DENIED"),
            error(.nonsense, "http-200"), error(.refused, "L-INTERNAL"),
        ] {
            size.failed(sent: 512, other)
            #expect(size.current == 512, "\(other)")
        }
        for _ in 0..<20 { size.failed(sent: size.current, error(.timeout, "curl-28")) }
        #expect(size.current == 16)
        for _ in 0..<20 { size.answered(sent: size.current, after: 10) }
        #expect(size.current == 2048)
        size.answered(sent: 3, after: 10)
        size.failed(sent: 2048, error(.nonsense, "http-413"))
        #expect(size.current == 1024)
        // A batch that was not full tells nothing of what a full one would do.
        size.answered(sent: 3, after: 10)
        #expect(size.current == 1024)
        size.failed(sent: 3, error(.timeout, "curl-28"))
        #expect(size.current == 16)
        var small = BatchSize(first: 4, most: 4)
        small.failed(sent: 4, error(.timeout, "curl-28"))
        #expect(small.current == 4)
    }
}

/// Numbers in the order told.
private final class Counter: Sendable {
    private let list = Mutex<[Int]>([])
    var all: [Int] { list.withLock { $0 } }
    func add(_ number: Int) { list.withLock { $0.append(number) } }
}
