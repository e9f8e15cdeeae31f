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

    @Test("A card that changes under the reader's eyes is noticed and neither card is written")
    func swappedCard() throws {
        let kiosk = Kiosk()
        let first = try repository.card(.oneK, uid: [0x04, 0x11, 0x22, 0x33])
        let second = try repository.card(.oneK, uid: [0x04, 0x44, 0x55, 0x66])
        let memories = [first.chip.memory, second.chip.memory]
        for apdu in 1...8 {
            kiosk.reader.layDown(first)
            kiosk.reader.swap(at: apdu, to: second)
            let report = kiosk.engine.handle(kiosk.reader, dialect: kiosk.reader.profile)
            switch report.ending {
            case .leftUntouched, .refused(.twoCards): break
            default: Issue.record("swapped at APDU \(apdu), ended as \(report.ending)")
            }
        }
        #expect([first.chip.memory, second.chip.memory] == memories)
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
