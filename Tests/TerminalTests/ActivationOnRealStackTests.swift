import Foundation
import Glibc
import Journal
import LedgerProtocol
import Mifare
import Platform
import Simulator
import TestSupport
import Testing

/// Everything here starts the real programs. One kiosk at a time: the machines that build this have two cores.
@Suite("The real programs", .serialized)
struct RealPrograms {}

extension RealPrograms {
    @Suite("A card at a kiosk")
    struct Cards {
        @Test("a fresh card is activated, spoken for, journalled and posted once, each thing after what it rests on")
        func freshCard() throws {
            let kiosk = try Kiosk(latency: 40)
            try kiosk.open()
            let card = try kiosk.card(of: kiosk.people[0])
            let before = card.chip.memory
            let ended = try kiosk.tap(card)
            #expect(ended.code == "YK-A00")
            try kiosk.events.ensure("the success sentence") { $0.event == "prompt" && $0.detail == "activated" }
            try kiosk.awaitPosted()
            try kiosk.lift()
            let stopped = try kiosk.stopDaemon()
            #expect(stopped.status == 0)
            print("SIGTERM to an idle terminal: \(stopped.milliseconds) ms")
            try expectOrder(try kiosk.events.seen)
            for sentence in ["activating", "activated"] {
                #expect(kiosk.sound.range(of: try Self.samples(of: sentence)) != nil, "\(sentence) was not heard whole")
            }
            let changed = Set(card.chip.memory.indices.filter { card.chip.memory[$0] != before[$0] }.map { $0 / 64 })
            #expect(changed == [9])
            try expectPosted(kiosk, [kiosk.people[0]])
            let journal = try kiosk.journal()
            #expect(journal.isWhole)
            #expect(
                journal.records.map(\.slot.type.rawValue) == [
                    ActivationRecordType.intent, ActivationRecordType.outcome,
                ])
        }

        private func expectOrder(_ events: [KioskEvent]) throws {
            func place(_ what: String, where matches: @escaping (KioskEvent) -> Bool) throws -> Int {
                try #require(events.firstIndex(where: matches), "\(what) is missing")
            }
            func step(_ name: String) throws -> Int { try place(name) { $0.event == "step" && $0.what == name } }
            func prompt(_ name: String) throws -> Int {
                try place(name) { $0.event == "prompt" && $0.what == "started" && $0.detail == name }
            }
            let order = [
                try prompt("activating"), try step("identified"),
                try step("decided"), try step("intent-durable"), try step("data-written"), try step("trailer-written"),
                try step("proved"), try step("outcome-durable"), try prompt("activated"),
                try place("the acknowledgement") { $0.event == "acknowledged" && $0.sequence ?? 0 >= 2 },
            ]
            #expect(order.dropLast() == order.dropLast().sorted()[...])
            // The voice is asked first, so the tap may be told after the sentence has begun.
            #expect(try place("the tap") { $0.event == "tap" } < order[1])
            #expect(try #require(order.last) > order[7])
        }

        /// The sound of a sentence as it stands in its file, after the WAV header (44 bytes, as tools/voice writes it).
        private static func samples(of sentence: String) throws -> Data {
            let path = Repository.profiles + "/voices/zh-CN/\(sentence).wav"
            let file = try #require(FileManager.default.contents(atPath: path))
            let start = try #require(file.range(of: Data("data".utf8))).upperBound + 4
            return file[start...]
        }

        @Test("a card pulled away at any APDU is finished when it is laid down again, and posted once")
        func pulled() throws {
            let kiosk = try Kiosk(people: 22)
            try kiosk.open()
            // A first activation tells how many APDUs there are; the light before and the light after are on top.
            let apdus = try #require(try kiosk.tap(try kiosk.card(of: kiosk.people[0])).apdus) + 2
            try kiosk.lift()
            let kinds: [CardFault.Kind] = [.beforeCommand, .afterCommand, .afterAnswer]
            var endings: [String: Int] = [:]
            var people = kiosk.people.dropFirst()
            // Two cards at a time, on two readers: pcscd's looks at its readers are what takes the time.
            let step = SweepSize.current == .quick ? 9 : 3
            for boundary in stride(from: 2, to: apdus, by: step) {
                let cards = try people.prefix(2).map { try kiosk.card(of: $0) }
                people = people.dropFirst(2)
                let faults = [0, 1].map { CardFault(at: boundary + $0, kinds[(boundary / 3 + $0) % kinds.count]) }
                let first = try kiosk.tap(cards, faults: faults)
                let second = try kiosk.tap(cards)
                for ((first, second), fault) in zip(zip(first, second), faults) {
                    endings[first.what ?? "", default: 0] += 1
                    let expected = first.what == "activated" ? ["already-active"] : ["activated", "already-active"]
                    #expect(expected.contains(second.what ?? ""), "\(fault): \(first), then \(second)")
                }
                try kiosk.liftBoth()
            }
            let tried = endings.values.reduce(0, +)
            print("cards pulled at \(tried) of \(apdus) APDUs, all finished; the first taps: \(endings)")
            #expect(tried > apdus * 2 / (step + 1))
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, Array(kiosk.people.dropLast(people.count)))
            #expect(try kiosk.journal().isWhole)
        }

        @Test("a card laid down again before pcscd has looked is finished all the same")
        func relaidQuickly() throws {
            let kiosk = try Kiosk(people: 3, latency: 5)
            try kiosk.open()
            for (person, pause) in zip(kiosk.people, [0, 150, 300] as [Int64]) {
                let card = try kiosk.card(of: person)
                let gone = Answer<Bool>()
                try kiosk.lay(card, fault: CardFault(at: 20, .afterCommand)) { if $0 != .laid { gone.give(true) } }
                #expect(gone.wait(until: SystemTime().now().advanced(milliseconds: 60_000)) == true)
                SystemTime().sleep(milliseconds: pause)
                try kiosk.lay(card)
                try kiosk.events.next("the ending, \(pause) ms after the pull") {
                    $0.event == "ended" && ["activated", "already-active"].contains($0.what)
                }
                try kiosk.lift()
            }
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, kiosk.people)
        }

        @Test("a card that lies there when the terminal starts is served")
        func alreadyThere() throws {
            let kiosk = try Kiosk(latency: 20)
            try kiosk.ledger.start()
            try kiosk.pcscd.start()
            try kiosk.lay(try kiosk.card(of: kiosk.people[0]))
            try kiosk.startDaemon()
            #expect(try kiosk.events.next("the tap's ending") { $0.event == "ended" }.what == "activated")
            try kiosk.awaitPosted()
        }

        @Test("two cards on two readers at once are both served")
        func twoReaders() throws {
            let kiosk = try Kiosk(people: 2, latency: 5)
            try kiosk.open()
            let endings = try kiosk.tap(try kiosk.people.map { try kiosk.card(of: $0) })
            #expect(endings.map(\.what) == ["activated", "activated"])
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, kiosk.people)
        }

        @Test("a card of another kind, of another campus or from the factory is refused in words and left as it was")
        func foreignCards() throws {
            let kiosk = try Kiosk()
            try kiosk.open()
            let own = try kiosk.card(of: kiosk.people[0]).chip
            let uid = own.uid
            // A MIFARE DESFire's ATR (PC/SC part 3: ISO 14443-4, historical byte 80).
            let desfire: [UInt8] = [0x3B, 0x81, 0x80, 0x01, 0x80, 0x80]
            var otherCampus = own
            for trailer in [7, 11, 15] {
                let key = [UInt8](repeating: 0x5A, count: 6)
                otherCampus.store(key + own.content(of: trailer).dropFirst(6), at: trailer)
            }
            let cards = [
                SimulatedCard(own, atr: desfire), SimulatedCard(own, atr: [0x3B, 0x00]),
                // No ATR at all by ISO 7816-3: pcscd will not connect to such a card.
                SimulatedCard(own, atr: [0xFF, 0xFF]), SimulatedCard(ClassicChip(factory: .oneK, uid: uid)),
                SimulatedCard(otherCampus),
            ]
            for card in cards {
                let before = card.chip.memory
                let ended = try kiosk.tap(card)
                #expect(ended.code == "YK-A05", "\(ended)")
                #expect(ended.what == "unknown-card")
                try kiosk.lift()
                #expect(card.chip.memory == before)
            }
            #expect(try kiosk.stopDaemon().status == 0)
            let spoken = try kiosk.events.seen.filter { $0.event == "prompt" && $0.what == "started" }.map(\.detail)
            #expect(spoken.count { $0 == "unknown-card" } == cards.count)
            #expect(try kiosk.journal().records.isEmpty)
        }
    }
}

/// Expects that the books hold, with exactly these people's cards active, each posted once, and nothing in suspense.
func expectPosted(_ kiosk: Kiosk, _ people: [Kiosk.Person]) throws {
    let found = try kiosk.ledger.check()
    #expect(found.violations.isEmpty)
    #expect(found.sumFen == 0)
    #expect(found.suspense == 0)
    #expect(found.pending == 0)
    #expect(found.cards == people.count)
    let posted = try kiosk.ledger.activations().filter { $0.effect == "activated" }
    #expect(posted.map(\.uid).sorted() == people.map { $0.uid.hex() }.sorted())
    #expect(posted.map(\.paidFen).sorted() == people.map(\.smallPurse).sorted())
}
