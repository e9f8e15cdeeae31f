import Glibc
import Logging
import Platform
import SmartCard
import TestSupport
import Testing

@testable import Terminal

@Suite("Loans, peers, and what is told of a terminal")
struct LoanTests {
    private static let start = Instant(nanoseconds: 0)

    @Test("a reader is lent to one client, not while a card is in hand, and comes back by itself after two minutes")
    func loans() {
        // Each step: what is done, when, and whether it is granted.
        var use = ReaderUse()
        let later = Self.start.advanced(milliseconds: 120_000)
        func step(_ name: String, _ isGranted: Bool, _ body: (inout ReaderUse) -> Bool) {
            let was = body(&use)
            #expect(was == isGranted, "\(name)")
        }
        step("a card is taken up", true) { $0.take(at: Self.start) }
        step("no loan while it is in hand", false) { $0.lend(to: 1, at: Self.start) }
        use.isServing = false
        step("a loan", true) { $0.lend(to: 1, at: Self.start) }
        step("the same client again", true) { $0.lend(to: 1, at: Self.start) }
        step("nobody else", false) { $0.lend(to: 2, at: Self.start) }
        step("no card of ours", false) { $0.take(at: Self.start) }
        step("another one gives nothing back", false) { $0.giveBack(from: 2) }
        step("it holds until then", true) { $0.isLent(at: later.advanced(milliseconds: -1)) }
        step("and no longer", false) { $0.isLent(at: later) }
        step("the next card is ours", true) { $0.take(at: later) }
        use.isServing = false
        step("the next client's turn", true) { $0.lend(to: 2, at: later) }
        step("who gives it back", true) { $0.giveBack(from: 2) }
        step("and it is ours again", true) { $0.take(at: later) }
    }

    @Test(
        "root, the daemon's user and its group's members are welcome, whoever else the socket's mode lets through is not"
    )
    func peers() {
        let (user, group) = (geteuid(), getegid())
        #expect(ControlPeer(user: 0, groups: []).isWelcome)
        #expect(ControlPeer(user: user, groups: []).isWelcome)
        #expect(ControlPeer(user: user &+ 1000, groups: [group &+ 1, group]).isWelcome)
        #expect(!ControlPeer(user: user &+ 1000, groups: [group &+ 1]).isWelcome)
    }

    @Test("the system's journal gets each message with its fields and the identifier that its catalogue explains")
    func journal() throws {
        let path = "/tmp/yk-journal-\(UInt32.random(in: 0...UInt32.max)).sock"
        let journal = try Datagrams(path: path)
        let log = try #require(JournaldLog(label: "yikad", path: path))
        let events = EventStream(log: Logger(label: "yikad") { _ in log })
        events.publish(
            TerminalEvent(
                "ended", at: Self.start, tap: 17, reader: "R", what: "activated", code: "YK-A00", milliseconds: 900))
        let message = try #require(journal.next(milliseconds: 5_000))
        let lines = Set(message.split(separator: "\n").map(String.init))
        #expect(
            lines.isSuperset(of: [
                "YIKA_EVENT=ended", "YIKA_TAP=17", "YIKA_CODE=YK-A00", "YIKA_MS=900", "PRIORITY=6",
                "SYSLOG_IDENTIFIER=yikad", "MESSAGE_ID=7c1f0a5be93d4e6f8a2b64d1c0413030",
            ]), "\(message)")
        var field: [UInt8] = []
        JournaldLog.add("A", "b\nc", to: &field)
        #expect(field == Array("A\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("b\nc\n".utf8))
        #expect(JournaldLog(label: "yikad", path: path + ".none") == nil)
    }

    @Test("a histogram counts what is up to each bound, and writes seconds without noise")
    func histogram() {
        let metrics = Metrics()
        for milliseconds: Int64 in [50, 51, 290, 9_000] {
            metrics.note(TerminalEvent("ended", at: Self.start, code: "YK-B00", milliseconds: milliseconds))
        }
        metrics.note(
            ApduExchange(
                header: [0xFF, 0xB0, 0, 4], sent: 1, received: 0, status: nil, error: nil, microseconds: 30_000))
        let text = MetricsText(
            metrics.current,
            MetricsText.Facts(
                version: "1", role: "canteen", startedWallMilliseconds: 1_500, readers: 1, holding: ["YK-R01"],
                unsent: 0,
                lastSequence: 0)
        ).text
        for line in [
            #"yika_tap_seconds_bucket{le="0.05"} 1"#, #"yika_tap_seconds_bucket{le="0.1"} 2"#,
            #"yika_tap_seconds_bucket{le="5"} 3"#, #"yika_tap_seconds_bucket{le="+Inf"} 4"#,
            "yika_tap_seconds_sum 9.391",
            #"yika_sales_total{code="YK-B00",outcome="paid"} 4"#, "yika_apdus_unanswered_total 1",
            "yika_start_time_seconds 1.5",
            #"yika_condition{code="YK-R01",condition="pcscd-unreachable",severity="out-of-service"} 1"#,
        ] { #expect(text.contains(line + "\n"), "\(line)") }
    }
}
