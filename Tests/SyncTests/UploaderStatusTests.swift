import Journal
import LedgerProtocol
import Platform
import Simulator
import Sync
import Synchronization
import Testing

@Suite("How the upload stands")
struct UploaderStatusTests {
    @Test("queue, attempts, failure, next try and connection are told as they are, and a hurry ends the wait")
    func told() throws {
        let ledger = FakeLedger()
        let terminal = try Terminal(ledger)
        terminal.time.advance(milliseconds: 5000)
        #expect(terminal.uploader.status.isConnected == nil)
        ledger.state.withLock { for call in 1...3 { $0.weather[call] = .requestLost } }
        try terminal.append(3)
        let wait = terminal.uploader.step()
        var status = terminal.uploader.status
        #expect(status.isConnected == false && status.since == terminal.time.now())
        #expect(status.attempts == 1)
        #expect(status.lastFailure?.error.code == "curl-7")
        #expect(status.lastFailure?.wallMilliseconds == terminal.time.wallMilliseconds())
        #expect(status.due == terminal.time.now().advanced(milliseconds: wait))
        #expect(status.oldestUnsent?.sequence == 1)
        #expect(status.oldestUnsent?.wallMilliseconds == terminal.time.wallMilliseconds())

        // Twice in a second would be a tool gone wild.
        terminal.time.advance(milliseconds: wait)
        _ = terminal.uploader.step()
        terminal.uploader.hurry()
        #expect((1...1000).contains(terminal.uploader.step()))
        #expect(ledger.calls == 2)
        terminal.time.advance(milliseconds: 1000)
        terminal.uploader.hurry()
        #expect(terminal.uploader.step() > 1000)
        #expect(ledger.calls == 3)

        let failedSince = status.since
        #expect(terminal.uploader.status.since == failedSince)
        #expect(terminal.run())
        status = terminal.uploader.status
        #expect(status.isConnected == true && status.since > failedSince)
        #expect(status.lastSuccessWallMilliseconds == terminal.time.wallMilliseconds())
        #expect(status.oldestUnsent == nil && status.due == nil && !status.isSending)
        #expect(status.lastFailure != nil, "what was wrong last is still of interest")
    }

    @Test("an epoch that was never registered stops the upload, is told once, and ends with the registration")
    func unknownEpoch() throws {
        let ledger = FakeLedger()
        ledger.state.withLock { $0.insane = { _ in .epochNotRegistered(message: "never heard of it") } }
        let terminal = try Terminal(ledger)
        try terminal.append(3)
        for _ in 0..<3 { terminal.time.advance(milliseconds: terminal.uploader.step()) }
        let stop = SyncStop.epochNotRegistered(epoch: 5, message: "never heard of it")
        #expect(terminal.events.all == [.frozen(stop)])
        #expect(terminal.uploader.status.stop == stop)
        #expect(terminal.journal.cursor.acknowledged == 0)
        ledger.state.withLock { state in
            state.insane = nil
            state.stored = []
        }
        terminal.uploader.hurry()
        terminal.time.advance(milliseconds: 1000)
        #expect(terminal.run())
        #expect(terminal.events.notable == [.frozen(stop), .back])
        #expect(terminal.uploader.status.stop == nil)
    }
}
