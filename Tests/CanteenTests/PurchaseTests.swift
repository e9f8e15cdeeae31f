import CampusCard
import Canteen
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import Testing

@Suite("A purchase by card")
struct PurchaseTests {
    @Test("takes at most 8 commands on every reader there is a profile of, and 300 ms of an ACR122U, record included")
    func budget() throws {
        for profile in campus.profiles {
            let till = Till(latency: 30, profile: profile)
            let report = till.tap(try campus.card(), order(1, 1_250))
            #expect(report.apdus <= 8, "\(profile.id)")
            #expect(paid(report)?.allowance == Fen(3_750), "\(profile.id): \(report.ending)")
            if profile.id == "acr122u" { #expect(report.milliseconds <= 300) }
        }
    }

    @Test("without a network spends the allowance, and never more than that")
    func offline() throws {
        let till = Till()
        let card = try campus.card(allowance: Fen(2_000))
        #expect(paid(till.tap(card, order(1, 1_500)))?.allowance == Fen(500))
        #expect(till.tap(card, order(2, 501)).ending == .refused(.allowanceTooLow))
        #expect(paid(till.tap(card, order(3, 500)))?.allowance == .zero)
        #expect(try campus.record(of: card).sequence == 9)
        #expect(till.journal.outcomes.map(\.amount) == [1_500, 500])
        #expect(
            till.journal.outcomes.allSatisfy { !$0.isAuthorized && $0.hotlistVersion == 5 && $0.settingsVersion == 3 })
    }

    @Test(
        "with the ledger's word leaves the allowance, refills it when it is low, and never leaves more than the balance"
    )
    func refill() throws {
        let till = Till()
        let cases: [(allowance: Int64, balance: Int64, amount: Int64, after: Int64)] = [
            (4_000, 20_000, 1_000, 4_000), (2_999, 20_000, 1_000, 5_000), (0, 20_000, 1_000, 5_000),
            (0, 3_000, 1_000, 2_000), (4_000, 1_500, 1_000, 500), (4_000, 1_000, 1_000, 0),
        ]
        for (index, row) in cases.enumerated() {
            till.authority.advice = .agreed(SaleAdvice.Agreement(balance: Fen(row.balance)))
            let card = try campus.card(allowance: Fen(row.allowance))
            let receipt = paid(till.tap(card, order(UInt64(index) + 1, row.amount)))
            #expect(receipt?.allowance == Fen(row.after) && receipt?.balance == Fen(row.balance - row.amount), "\(row)")
            #expect(try campus.record(of: card).allowance == Fen(row.after))
        }
    }

    @Test("takes the subsidy first, and says so")
    func subsidy() throws {
        let till = Till()
        till.authority.advice = .agreed(SaleAdvice.Agreement(balance: Fen(500), subsidy: Fen(800)))
        let receipt = paid(till.tap(try campus.card(), order(1, 1_250)))
        #expect(receipt?.subsidy == Fen(800) && receipt?.balance == Fen(50))
        #expect(till.journal.outcomes.last?.subsidy == 800)
    }

    @Test("is refused in words, and then nothing changes and nothing is recorded")
    func refusals() throws {
        let cases: [(String, SaleRefusal, (FixedAuthority) -> Void, Int64)] = [
            ("hotlist", .reportedLost, { $0.listed = [SampleCampus.account] }, 100),
            ("lost, says the ledger", .reportedLost, { $0.advice = .refused(.reportedLost) }, 100),
            ("balance", .balanceTooLow, { $0.advice = .refused(.balanceTooLow) }, 100),
            ("sale limit", .overSaleLimit, { $0.settings.saleLimitFen = 1_000 }, 1_001),
            ("day limit", .overDayLimit, { $0.settings.dayLimitFen = 1_000 }, 1_001),
            (
                "day limit elsewhere", .overDayLimit,
                {
                    $0.settings.dayLimitFen = 1_000
                    $0.advice = .agreed(SaleAdvice.Agreement(balance: Fen(9_999), spentToday: Fen(901)))
                }, 100
            ),
            ("PIN offline", .pinNeedsNetwork, { $0.settings.pinAboveFen = 1_000 }, 1_001),
            ("hotlist of yesterday", .hotlistTooOld, { $0.hotlistAge = 24 * 3_600_000 }, 3_001),
            ("hotlist of a fortnight", .hotlistTooOld, { $0.hotlistAge = 336 * 3_600_000 }, 1),
            ("no hotlist", .hotlistTooOld, { $0.hotlistAge = nil }, 1),
        ]
        for (what, refusal, prepare, fen) in cases {
            let till = Till()
            prepare(till.authority)
            let card = try campus.card()
            let before = card.chip.memory
            #expect(till.tap(card, order(1, fen)).ending == .refused(refusal), "\(what)")
            #expect(card.chip.memory == before && till.journal.entries.isEmpty, "\(what)")
        }
    }

    @Test("in a meal counts for it, and for no other")
    func meals() throws {
        let till = Till()
        till.authority.settings.meals = [
            MealSetting(
                number: 1, name: BilingualName(zh: "早餐", en: "Breakfast"), fromMinute: 0, toMinute: 600, limitFen: 1_000
            )
        ]
        let card = try campus.card()
        func meal(_ number: UInt64, _ fen: Int64, _ meal: UInt16) -> SaleOrder {
            SaleOrder(number: number, amount: Fen(fen), meal: meal)
        }
        #expect(paid(till.tap(card, meal(1, 700, 1))) != nil)
        #expect(till.tap(card, meal(2, 301, 1)).ending == .refused(.overMealLimit))
        #expect(paid(till.tap(card, meal(3, 301, 0))) != nil)
        #expect(paid(till.tap(card, meal(4, 300, 1))) != nil)
        #expect(till.journal.outcomes.map(\.meal) == [1, 0, 1])
    }

    @Test("above the limit asks for six digits, and goes through when the ledger has proved them")
    func pin() throws {
        let till = Till()
        till.authority.advice = .agreed(SaleAdvice.Agreement(balance: Fen(20_000)))
        let card = try campus.card()
        var asked = order(1, 5_001)
        #expect(till.tap(card, asked).ending == .pinNeeded)
        #expect(till.journal.entries.isEmpty)
        asked.pin = SecretDigits("123456")
        till.authority.advice = .agreed(SaleAdvice.Agreement(balance: Fen(20_000), isPinProved: true))
        #expect(paid(till.tap(card, asked)) != nil)
        #expect(till.authority.questions.last?.pin == asked.pin)
        #expect("\(asked)".contains("123456") == false)
        // A ledger that does not know how to prove digits is as good as none.
        till.authority.advice = .agreed(SaleAdvice.Agreement(balance: Fen(20_000)))
        var again = order(2, 5_001)
        again.pin = SecretDigits("123456")
        #expect(till.tap(card, again).ending == .refused(.pinNeedsNetwork))
    }

    @Test("of the same order is paid once, however often the card is laid down")
    func sameOrder() throws {
        let till = Till()
        let card = try campus.card()
        let first = paid(till.tap(card, order(1, 900)))
        let second = receipt(till.tap(card, order(1, 900)))
        #expect(second?.isFirst == false && second?.receipt.sequence == first?.sequence)
        #expect(till.journal.outcomes.count == 1)
        // Nor does somebody else pay it.
        let other = try campus.card(uid: [1, 2, 3, 4], account: 1_000_002)
        #expect(till.tap(other, order(1, 900)).ending == .refused(.noOrder))
    }

    @Test("that a power cut kept from being told is told at the next tap of the card, once")
    func toldAfterRestart() throws {
        let till = Till()
        let card = try campus.card()
        let first = paid(till.tap(card, order(1, 900)))
        till.restart()
        let told = receipt(till.tap(card, order(1, 900)))
        #expect(told?.isFirst == false && told?.receipt.sequence == first?.sequence)
        // Whoever wants the same once more pays for it.
        #expect(paid(till.tap(card, order(2, 900))) != nil)
        till.restart()
        #expect(paid(till.tap(card, order(1, 800))) != nil, "another amount is another meal")
        till.restart()
        till.time.advance(milliseconds: 600_001)
        #expect(paid(till.tap(card, order(1, 800))) != nil, "after ten minutes it is another meal")
    }

    @Test("for a fixed price is not made twice by a card that was not lifted, and is after a while")
    func doubleTap() throws {
        let till = Till()
        let card = try campus.card()
        #expect(paid(till.tap(card, order(1, 900, isRepeating: true))) != nil)
        till.time.advance(milliseconds: 9_000)
        #expect(till.tap(card, order(2, 900, isRepeating: true)).ending == .refused(.justPaid))
        let other = try campus.card(uid: [1, 2, 3, 4], account: 1_000_002)
        #expect(paid(till.tap(other, order(2, 900, isRepeating: true))) != nil)
        till.time.advance(milliseconds: 2_000)
        #expect(paid(till.tap(card, order(3, 900, isRepeating: true))) != nil)
        // An amount that was typed is meant.
        #expect(paid(till.tap(card, order(4, 900))) != nil)
    }

    @Test("in practice writes nothing, on no card and in no journal, whatever was in doubt before")
    func training() throws {
        let till = Till()
        let card = try campus.card()
        _ = till.tap(card, order(1, 900), fault: CardFault(at: 7, .afterCommand))
        let (memory, records) = (card.chip.memory, till.journal.entries)
        till.authority.advice = .agreed(SaleAdvice.Agreement(balance: Fen(9_999)))
        for kind in [SaleOrder.Kind.sale, .refund] {
            let practice = SaleOrder(number: 2, kind: kind, amount: Fen(900), isTraining: true)
            #expect(till.tap(card, practice).ending == .practised(Fen(900)))
        }
        #expect(card.chip.memory == memory && till.journal.entries == records)
        #expect(till.authority.questions.count == 1)
    }

    @Test("is taken back whole with the same card, once, and without a write: a card's sequence counts sales alone")
    func void() throws {
        let till = Till()
        let card = try campus.card()
        _ = till.tap(card, order(1, 900))
        let made = try #require(till.memory.last)
        let before = card.chip.memory
        let other = try campus.card(uid: [1, 2, 3, 4], account: 1_000_002)
        #expect(till.tap(other, order(2, 900, kind: .void(made))).ending == .refused(.anotherCard))
        let back = back(till.tap(card, order(2, 900, kind: .void(made))))
        #expect(back?.amount == Fen(900) && card.chip.memory == before)
        #expect(try campus.record(of: card).sequence == 8)
        let record = try #require(till.journal.outcomes.last)
        #expect(record.result == .voided && record.relatedSequence == made.sequence && record.amount == 900)
        #expect(till.tap(card, order(3, 900, kind: .void(made))).ending == .refused(.notVoidable))
        #expect(till.memory.spent(by: SampleCampus.account, meal: 0, day: 0).today == .zero)
    }

    @Test(
        "that the cashier has given up is not paid, though its card comes before the record of giving it up is durable")
    func givenUp() throws {
        let till = Till()
        let card = try campus.card()
        #expect(till.tap(card, order(1, 900), fault: CardFault(at: 7, .afterCommand)).ending == .inDoubt)
        #expect(try campus.record(of: card).sequence == 8, "the card holds it")
        till.memory.giveUp(order: 1)
        #expect(paid(till.tap(card, order(2, 700))) != nil)
        #expect(till.journal.outcomes.map(\.result) == [.inDoubt, .undone, .done])
        #expect(till.journal.outcomes.last?.amount == 700)
    }

    @Test("is given back in part once an order, and the card is not written to")
    func refund() throws {
        let till = Till()
        let card = try campus.card()
        let before = card.chip.memory
        for _ in 0..<2 {
            #expect(back(till.tap(card, order(1, 300, kind: .refund)))?.amount == Fen(300))
        }
        #expect(till.journal.outcomes.map(\.result) == [.refunded] && card.chip.memory == before)
    }

    @Test("with nothing asked for shows what there is")
    func shown() throws {
        let till = Till()
        let card = try campus.card()
        #expect(till.tap(card, nil).ending == .shown(balance: nil, allowance: Fen(5_000)))
        till.authority.advice = .agreed(SaleAdvice.Agreement(balance: Fen(777)))
        #expect(till.tap(card, nil).ending == .shown(balance: Fen(777), allowance: Fen(5_000)))
        #expect(till.journal.entries.isEmpty)
    }

    @Test("needs a card that was activated, and one card alone")
    func cards() throws {
        let till = Till()
        let fresh = SimulatedCard(try factoryChip())
        #expect(till.tap(fresh, order(1, 100)).ending == .refused(.notActivated))
        #expect(till.tap(try campus.card(sequence: 0xFF_FFFF), order(2, 100)).ending == .refused(.cardWornOut))
    }

    private func factoryChip() throws -> ClassicChip {
        ClassicChip(factory: .oneK, uid: try #require(CardUID([9, 9, 9, 9])))
    }

    private func receipt(_ report: SaleReport) -> (receipt: SaleReceipt, isFirst: Bool)? {
        switch report.ending {
        case .paid(let receipt): (receipt, true)
        case .paidBefore(let receipt): (receipt, false)
        default: nil
        }
    }

    private func paid(_ report: SaleReport) -> SaleReceipt? {
        receipt(report).flatMap { $0.isFirst ? $0.receipt : nil }
    }

    private func back(_ report: SaleReport) -> SaleReceipt? {
        switch report.ending {
        case .voided(let receipt), .refunded(let receipt): receipt
        default: nil
        }
    }
}
