import Health
import LedgerProtocol
import Platform
import Sync
import Testing

@testable import Terminal

@Suite("Contact with the ledger")
struct LedgerContactTests {
    @Test("it is there since the first answer after silence, and silent since the first heartbeat without one")
    func told() {
        func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
        let silence = LedgerClientError(kind: .timeout, code: "curl-28", message: "")
        let answer = HeartbeatAnswer(timeMilliseconds: 0, rosterVersion: 1)
        let contact = LedgerContact()
        #expect(contact.current == nil)
        contact.note(FeedEvent.heard(answer), at: at(1))
        contact.note(FeedEvent.heard(answer), at: at(4))
        #expect(contact.current == LedgerContact.State(isThere: true, since: at(1)))
        contact.note(SyncEvent.unreachable(silence), at: at(5))
        #expect(contact.current?.isThere == true)
        contact.note(FeedEvent.unreachable(silence), at: at(7))
        contact.note(FeedEvent.unreachable(silence), at: at(9))
        #expect(contact.current == LedgerContact.State(isThere: false, since: at(7)))
        contact.note(SyncEvent.frozen(.chainDiffers(at: 1)), at: at(11))
        #expect(contact.current == LedgerContact.State(isThere: true, since: at(11)))
    }

    @Test("each kind of trouble has the condition that leads to its remedy")
    func conditions() {
        let codes = [
            LedgerClientError.Kind.unreachable: "YK-N01", .timeout: "YK-N01", .denied: "YK-N02", .refused: "YK-N02",
            .untrusted: "YK-N10", .clock: "YK-N11", .nonsense: "YK-N12",
        ]
        for (kind, code) in codes {
            #expect(LedgerClientError(kind: kind, code: "", message: "").notice.code == code, "\(kind)")
        }
        #expect(LedgerClientError(kind: .clock, code: "", message: "").notice.nextStep.english.contains("clock"))
        #expect(SyncStop.epochNotRegistered(epoch: 1, message: "").notice.code == "YK-N09")
        #expect(SyncStop.fork(message: "").notice.code == "YK-N03")
    }
}
