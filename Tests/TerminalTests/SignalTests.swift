import Glibc
import Journal
import LedgerProtocol
import Platform
import Simulator
import TestSupport
import Testing

@testable import Terminal

extension RealPrograms {
    @Suite("The end of a terminal")
    struct Signals {
        /// Lays a card down and returns when the intent is durable: from here on the card is being written.
        private func layUntilIntent(_ kiosk: Kiosk) throws -> SimulatedCard {
            let card = try kiosk.card(of: kiosk.people[0])
            try kiosk.lay(card)
            try kiosk.events.next("the intent") { $0.what == "intent-durable" }
            return card
        }

        @Test("SIGTERM while a card is being written: the card is finished first, and the record is not lost")
        func terminated() throws {
            let kiosk = try Kiosk(latency: 30)
            try kiosk.open()
            _ = try layUntilIntent(kiosk)
            let stopped = try kiosk.stopDaemon()
            print("SIGTERM with a card in hand: \(stopped.milliseconds) ms (2000 promised)")
            #expect(stopped.status == 0)
            // More than is promised, for a laden machine.
            #expect(stopped.milliseconds < 5000)
            let seen = try kiosk.events.seen
            #expect(seen.contains { $0.event == "ended" && $0.what == "activated" })
            #expect(seen.contains { $0.event == "prompt" && $0.what == "started" && $0.detail == "activated" })
            let journal = try kiosk.journal()
            #expect(journal.isWhole)
            #expect(journal.records.last?.slot.type.rawValue == ActivationRecordType.outcome)
            kiosk.snatch()
            try kiosk.startDaemon()
            if try kiosk.ledger.activations().contains(where: { $0.effect == "activated" }) == false {
                try kiosk.awaitAcknowledgement(of: 2)
            }
            try expectPosted(kiosk, kiosk.people)
        }

        @Test(
            "killed between intent and outcome: after the restart the card is finished and posted once",
            arguments: [true, false])
        func killed(staysOnReader: Bool) throws {
            let kiosk = try Kiosk(latency: 30)
            try kiosk.open()
            let card = try layUntilIntent(kiosk)
            #expect(try kiosk.stopDaemon(SIGKILL).status == 128 + SIGKILL)
            #expect(try kiosk.events.seen.contains { $0.what == "outcome-durable" } == false)
            if !staysOnReader {
                kiosk.snatch()
                // pcscd resets the card of a client that died. When that fails and another card comes before its next
                // look at the reader, 400 ms later, it takes the reader for empty until that one is gone, too.
                SystemTime().sleep(milliseconds: 1500)
            }
            try kiosk.startDaemon()
            if !staysOnReader { try kiosk.lay(card) }
            #expect(try kiosk.events.next("the tap's ending") { $0.event == "ended" }.what == "activated")
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)
            let journal = try kiosk.journal()
            #expect(journal.isWhole)
            #expect(journal.records.count { $0.slot.type.rawValue == ActivationRecordType.outcome } == 1)
            try expectPosted(kiosk, kiosk.people)
        }

        @Test("systemd is told when the terminal is ready, again and again that it lives, and that it stops")
        func notified() throws {
            let kiosk = try Kiosk()
            kiosk.environment["WATCHDOG_USEC"] = "3000000"
            try kiosk.pcscd.start()
            // The fixture itself takes READY=1 as the sign to go on.
            try kiosk.startDaemon()
            for round in 1...3 { #expect(kiosk.notification() == "WATCHDOG=1", "round \(round)") }
            #expect(try kiosk.stopDaemon().status == 0)
            var last = kiosk.notification(milliseconds: 0)
            while last == "WATCHDOG=1" { last = kiosk.notification(milliseconds: 0) }
            #expect(last == "STOPPING=1")
        }

        @Test("a loop that stands still keeps systemd from hearing that the terminal lives")
        func standingStill() {
            for missing in Watchdog.Loop.allCases {
                let watchdog = Watchdog()
                for _ in 0..<3 {
                    for loop in Watchdog.Loop.allCases where loop != missing { watchdog.tick(loop) }
                    #expect(!watchdog.takeProof(), "without \(missing)")
                }
                watchdog.tick(missing)
                #expect(watchdog.takeProof())
                #expect(!watchdog.takeProof(), "one proof counts once")
            }
        }

        @Test("a second terminal on the same journal does not start: exit status 75")
        func second() throws {
            let kiosk = try Kiosk()
            try kiosk.pcscd.start()
            try kiosk.startDaemon()
            let other = try kiosk.launchDaemon()
            #expect(other.waitForExit() == 75)
            #expect(other.errors.contains("another yikad"))
            #expect(try kiosk.stopDaemon().status == 0)
        }
    }
}
