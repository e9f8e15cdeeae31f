import Activation
import CampusCard
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import SmartCard
import Testing

@Suite("The handshake")
struct HandshakeTests {
    @Test(
        "A fresh card becomes active in at most 26 APDUs and one second of an ACR122U", arguments: ClassicSize.allCases)
    func freshCard(size: ClassicSize) throws {
        let kiosk = Kiosk(latency: 30)
        let card = try repository.card(size, uid: [0x04, 0x11, 0x22, 0x33])
        let report = kiosk.tap(card)
        guard case .activated(let grant, let sector, let purse, _) = report.ending else {
            Issue.record("ended as \(report.ending)")
            return
        }
        #expect(grant.account == 20_260_001 && purse == Fen(350))
        #expect(sector == (size == .mini ? 4 : 9))
        #expect(report.apdus <= 26 && report.milliseconds <= 1000)
        print("activation of a \(size): \(report.apdus) APDUs, \(report.milliseconds) ms at 30 ms/APDU")
        #expect(kiosk.authority.holders == ["2023010001"])
        #expect(kiosk.journal.intents.count == 1 && kiosk.journal.outcomes.count == 1)
        #expect(kiosk.journal.outcomes.first?.intentSequence == 1)
    }

    @Test("An active card is confirmed without a write and without a record")
    func secondTap() throws {
        let kiosk = Kiosk()
        kiosk.authority.learns = true
        let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
        _ = kiosk.tap(card)
        let after = card.chip.memory
        let report = kiosk.tap(card)
        #expect(report.ending == .alreadyActive(account: 20_260_001))
        #expect(card.chip.memory == after)
        #expect(kiosk.journal.intents.count == 1 && kiosk.journal.outcomes.count == 1)
    }

    @Test("A refused card is untouched and nothing is recorded", arguments: Refusal.allCases)
    func refusals(refusal: Refusal) throws {
        let kiosk = Kiosk()
        kiosk.authority.refusal = refusal
        let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
        let before = card.chip.memory
        #expect(kiosk.tap(card).ending == .refused(refusal))
        #expect(card.chip.memory == before)
        #expect(kiosk.journal.intents.isEmpty && kiosk.journal.outcomes.isEmpty)
    }

    @Test("A card of another system is refused as unknown, untouched, and nobody is asked about it")
    func foreignCard() throws {
        let kiosk = Kiosk()
        let uid = try #require(CardUID([1, 2, 3, 4]))
        let card = SimulatedCard(ClassicChip(factory: .oneK, uid: uid))
        let before = card.chip.memory
        #expect(kiosk.tap(card).ending == .refused(.unknownCard))
        #expect(card.chip.memory == before && kiosk.authority.holders.isEmpty)
    }

    @Test("A card that is no MIFARE Classic is refused by its ATR without a single APDU")
    func notClassic() throws {
        let kiosk = Kiosk()
        let uid = try #require(CardUID([1, 2, 3, 4]))
        // DESFire's ATR.
        let card = SimulatedCard(ClassicChip(factory: .oneK, uid: uid), atr: [0x3B, 0x81, 0x80, 0x01, 0x80, 0x80])
        let report = kiosk.tap(card)
        #expect(report.ending == .refused(.unknownCard) && report.apdus == 0)
    }

    @Test("A card is what it shows itself to be: no ATR that may stand for a Classic keeps it from being activated")
    func lyingATR() throws {
        let storage: [UInt8] = [0x3B, 0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06, 0x03]
        for size in ClassicSize.allCases {
            // Names of a 1K, a 4K, a Mini, an Ultralight, a Plus 2K, none, one that SpringCard gives, Infineon's.
            for name: UInt16 in [0x0001, 0x0002, 0x0026, 0x0003, 0x0036, 0x0000, 0xFFA0, 0xFF88] {
                let atr = storage + [UInt8(name >> 8), UInt8(name & 0xFF), 0, 0, 0, 0]
                let chip = try repository.card(size, uid: [0x04, 0x11, 0x22, 0x33]).chip
                guard case .activated(_, let sector, _, _) = Kiosk().tap(SimulatedCard(chip, atr: atr)).ending else {
                    Issue.record("a \(size) under the name \(String(name, radix: 16)) was not activated")
                    continue
                }
                #expect(sector == (size == .mini ? 4 : 9))
            }
        }
    }

    @Test("Finding out what a card is writes nothing to it, whatever it is")
    func probesReadOnly() throws {
        // What LibLogicalAccess does to a Plus in SL0: it writes to see whether it can (pcscreaderunit.cpp 1360).
        let uid = try #require(CardUID([0x04, 0x11, 0x22, 0x33]))
        for size in ClassicSize.allCases {
            for answer in [Refusal.noAccount, .unknownCard] {
                let kiosk = Kiosk()
                kiosk.authority.refusal = answer
                let cards = [
                    SimulatedCard(ClassicChip(factory: size, uid: uid)),
                    try repository.card(size, uid: [0x04, 0x11, 0x22, 0x33]),
                ]
                for card in cards {
                    _ = kiosk.tap(card)
                    #expect(kiosk.exchanges.allSatisfy { $0.written.isEmpty } && !kiosk.exchanges.isEmpty)
                }
            }
        }
    }

    @Test("An identity that is no number is refused as unreadable")
    func undecodableIdentity() throws {
        let kiosk = Kiosk()
        let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
        let field = Kiosk.layout.old.holderNumber
        store([UInt8](repeating: 0xEE, count: 16), field.sector, field.block, card)
        #expect(kiosk.tap(card).ending == .refused(.unreadable))
    }

    @Test("A small purse that makes no sense does not keep the card from being activated, and is recorded as unread")
    func damagedPurse() throws {
        let kiosk = Kiosk()
        let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
        let purse = try #require(Kiosk.layout.old.smallPurse)
        store([UInt8](repeating: 0x5A, count: 16), purse.sector, purse.block, card)
        guard case .activated = kiosk.tap(card).ending else {
            Issue.record("not activated")
            return
        }
        #expect(kiosk.journal.outcomes.map(\.smallPurse) == [nil])
    }

    @Test("A sector that holds somebody else's data is passed over, byte for byte as it was")
    func occupiedSector() throws {
        let kiosk = Kiosk()
        let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
        let taken = Kiosk.layout.ours.candidates[0]
        let theirs = Array("someone else's!!".utf8)
        store(theirs, taken, 1, card)
        guard case .activated(_, let sector, _, _) = kiosk.tap(card).ending else {
            Issue.record("not activated")
            return
        }
        #expect(sector == Kiosk.layout.ours.candidates[1])
        #expect(card.chip.content(of: ClassicSize.firstBlock(ofSector: taken) + 1) == theirs)
    }

    @Test("A card that changes under the reader's eyes at any command is noticed, and the other one is never written")
    func swappedCard() throws {
        let count = Kiosk().tap(try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])).apdus
        for apdu in 1...count {
            let kiosk = Kiosk()
            let first = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
            let second = try repository.card(.oneK, uid: [0x04, 0x44, 0x55, 0x66])
            let memory = second.chip.memory
            kiosk.reader.layDown(first)
            kiosk.reader.swap(at: apdu, to: second)
            let report = kiosk.engine.handle(kiosk.reader, dialect: kiosk.reader.profile)
            let wrote = !kiosk.journal.intents.isEmpty
            switch report.ending {
            case .unknown: #expect(wrote)
            case .leftUntouched, .refused(.twoCards): #expect(!wrote)
            default: Issue.record("swapped at APDU \(apdu), ended as \(report.ending)")
            }
            #expect(second.chip.memory == memory, "swapped at APDU \(apdu)")
            guard case .activated = kiosk.tap(first).ending, case .activated = kiosk.tap(second).ending else {
                Issue.record("swapped at APDU \(apdu), a card was not activated afterwards")
                continue
            }
        }
        print("swapped cards: at each of \(count) commands, none written by mistake")
    }

    @Test(
        "A card activated at one kiosk is recorded at another that has not heard of it, and no trailer is written again"
    )
    func twoKiosksOffline() throws {
        let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
        let first = Kiosk(terminal: 101)
        _ = first.tap(card)
        let memory = card.chip.memory
        let second = Kiosk(terminal: 102)
        guard case .activated(_, let sector, let purse, _) = second.tap(card).ending else {
            Issue.record("not recorded")
            return
        }
        #expect(sector == 9 && purse == Fen(350) && card.chip.memory == memory)
        let trailer = ClassicSize.trailer(ofSector: sector)
        #expect(!second.exchanges.contains { $0.written.contains(trailer) })
        #expect(second.journal.outcomes.map(\.result) == [.activated])
        #expect(second.journal.outcomes.map(\.intent.account) == first.journal.outcomes.map(\.intent.account))
    }

    @Test("An active card is confirmed in at most 8 APDUs")
    func confirmationBudget() throws {
        for size in ClassicSize.allCases {
            let kiosk = Kiosk(latency: 30)
            kiosk.authority.learns = true
            let card = try repository.card(size, uid: [0x04, 0x11, 0x22, 0x33])
            _ = kiosk.tap(card)
            let report = kiosk.tap(card)
            #expect(report.ending == .alreadyActive(account: 20_260_001) && report.apdus <= 8)
            print("confirmation of a \(size): \(report.apdus) APDUs, \(report.milliseconds) ms at 30 ms/APDU")
        }
    }

    @Test("A card that the ledger holds active and that was wiped is made active again, and noted")
    func wipedCard() throws {
        let kiosk = Kiosk()
        kiosk.authority.active = FixedAuthority.grant
        guard case .activated = kiosk.tap(try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])).ending else {
            Issue.record("not activated")
            return
        }
        #expect(kiosk.journal.outcomes.map { CloneHints(rawValue: $0.hints) } == [.reset])
    }

    @Test("Our finished application under everybody's keys is a copy: it is noted, served, and gets keys of its own")
    func openCopy() throws {
        for uses in 0...2 {
            let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
            _ = Kiosk().tap(card)
            for _ in 0..<uses { _ = try Till(repository.acr122u).use(card) }
            var chip = card.chip
            let trailer = ClassicSize.trailer(ofSector: 9)
            let fresh = ClassicChip(factory: .oneK, uid: chip.uid)
            chip.store(fresh.content(of: trailer), at: trailer)
            card.chip = chip
            let kiosk = Kiosk()
            guard case .activated(_, 9, _, _) = kiosk.tap(card).ending else {
                Issue.record("not activated in its sector after \(uses) uses")
                continue
            }
            #expect(kiosk.journal.outcomes.map { CloneHints(rawValue: $0.hints) } == [.defaultKeysOpen])
            #expect(try Till(repository.acr122u).read(card).sector == 9)
        }
    }

    @Test("A reader that goes deaf at any command makes no card defective, and the card is finished by the next tap")
    func deafReader() throws {
        let count = Kiosk().tap(try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])).apdus
        for heard in 0...count {
            let kiosk = Kiosk()
            let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
            kiosk.reader.layDown(card)
            let ending = kiosk.engine.handle(
                DeafReader(kiosk.reader, after: heard), dialect: kiosk.reader.profile
            ).ending
            let isWritten = !kiosk.journal.intents.isEmpty
            switch ending {
            case .refused: #expect(!isWritten, "deaf after \(heard) commands")
            case .unknown: #expect(isWritten, "deaf after \(heard) commands")
            case .activated: #expect(heard == count)
            default: Issue.record("deaf after \(heard) commands, ended as \(ending)")
            }
            if heard < count { #expect(kiosk.journal.outcomes.isEmpty) }
            guard case .activated = kiosk.tap(card).ending else {
                Issue.record("deaf after \(heard) commands, not activated afterwards")
                continue
            }
        }
        print("deaf readers: \(count) commands after which nothing more was heard, no card called defective")
    }

    private func store(_ bytes: [UInt8], _ sector: Int, _ block: Int, _ card: SimulatedCard) {
        var chip = card.chip
        chip.store(bytes, at: ClassicSize.firstBlock(ofSector: sector) + block)
        card.chip = chip
    }

    @Test("Without a journal nothing is written to a card; without its outcome nothing is called active")
    func journalFails() throws {
        for failing in 1...2 {
            let kiosk = Kiosk()
            kiosk.journal.failsFrom = failing
            let card = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
            let before = card.chip.memory
            #expect(kiosk.tap(card).ending == .outOfService("disk gone"))
            if failing == 1 { #expect(card.chip.memory == before) }
            kiosk.journal.failsFrom = .max
            guard case .activated = kiosk.tap(card).ending else {
                Issue.record("not activated at the next tap")
                return
            }
        }
    }
}

/// A reader that refuses everything after some commands, and never says that the card is gone.
private final class DeafReader: CardTransport {
    private let reader: SimulatedReader
    private var left: Int

    init(_ reader: SimulatedReader, after heard: Int) {
        self.reader = reader
        left = heard
    }

    var atr: [UInt8] { reader.atr }

    func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        guard left > 0 else { return [0x63, 0x00] }
        left -= 1
        return try reader.transmit(command)
    }

    func reselect() throws(PCSCError) { try reader.reselect() }

    func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        try reader.control(code: code, command)
    }
}
