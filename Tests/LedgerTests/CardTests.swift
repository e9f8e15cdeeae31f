import Crypto
import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("Cards lost, found, replaced and late", .onBothDatabases)
struct CardTests {
    private func account(_ index: Int) -> Int64 { Int64(TestBooks.account(index)) }

    private func isListed(_ tag: CardTag, _ books: TestBooks) throws -> Bool {
        try books.store.read { transaction in
            let row = try transaction.first("SELECT listed FROM hotlist WHERE tag = ?", [.blob(tag.bytes)])
            return try row?.integer(0) == 1
        }
    }

    private func permit(_ holder: Int, _ card: Int, _ books: TestBooks) throws -> PermitAnswer.Decision {
        try books.service.permit(
            PermitRequest(terminal: 1, uid: TestBooks.uid(card).hex(), holder: books.hash(holder).bytes.hex()),
            token: TestBooks.token
        ).decision
    }

    @Test(
        "A lost card and its account's codes are on the hotlist until they are found; saying so twice changes nothing")
    func lostAndFound() throws {
        let books = try TestBooks()
        let desk = books.desk(.app)
        var terminal = TestTerminal()
        terminal.activate(1)
        try books.upload(terminal.slots, first: 1)
        let tags = [
            CardTag(uid: TestBooks.uid(1), key: books.keys.rosterKey),
            CardTag(account: TestBooks.account(1), key: books.keys.rosterKey),
        ]
        let lost = try desk.reportLost(account: account(1))
        #expect(lost.lostMilliseconds == books.time.milliseconds)
        try #expect(tags.allSatisfy { try isListed($0, books) })
        books.time.milliseconds += 5
        try #expect(desk.reportLost(account: account(1)) == lost)
        try #expect(desk.reportFound(account: account(1)).lostMilliseconds == nil)
        try #expect(!tags.contains { try isListed($0, books) })
        try #expect(desk.reportFound(account: account(1)).lostMilliseconds == nil)
        try #expect(refusal { try desk.reportLost(account: 1_999_999) } == "L-NO-ACCOUNT")
    }

    @Test("A replaced card stays out of use, also when it is found; the next one may be activated")
    func replacement() throws {
        let books = try TestBooks()
        let desk = books.desk(.cardCentre)
        var terminal = TestTerminal()
        terminal.activate(1)
        terminal.sale(1, fen: 30)
        try books.upload(terminal.slots, first: 1)
        _ = try desk.topUp(account: account(1), fen: 2_030, reference: "t")
        _ = try desk.reportLost(account: account(1))
        let old = CardTag(uid: TestBooks.uid(1), key: books.keys.rosterKey)
        let receipt = try desk.replaceCard(account: account(1), cardSerial: 1, reason: .lost, reference: "c")
        #expect(receipt.cardSerial == 2 && receipt.balanceFen == 1_000)
        let view = try desk.reportFound(account: account(1))
        #expect(view.lostMilliseconds == nil && view.cardSerial == 2 && !view.isCardActive)
        try #expect(isListed(old, books))
        try #expect(permit(1, 1, books) == .reportedLost)
        try #expect(permit(1, 9, books) == .granted)
        terminal.outcome(9, account: TestBooks.account(1), serial: 2)
        try books.upload(terminal.slots, first: 1)
        try #expect(desk.show(account: account(1)).isCardActive)
        // The new card lost and found again: the old one stays where it is.
        _ = try desk.reportLost(account: account(1))
        _ = try desk.reportFound(account: account(1))
        try #expect(isListed(old, books))
        try #expect(LedgerCheck.run(on: books.store).violations == [])
        try #expect(
            refusal { try desk.replaceCard(account: account(1), cardSerial: 1, reason: .lost, reference: "d") }
                == "L-SERIAL")
    }

    @Test("What was bought before the loss is the holder's, however late a terminal says so; later waits in suspense")
    func lateSales() throws {
        let books = try TestBooks()
        let desk = books.desk()
        var terminal = TestTerminal()
        terminal.activate(1)
        terminal.sale(1, fen: 30)
        // The terminal's clock gives record n the time 1_790_000_000_000 + n.
        books.time.milliseconds += 5
        try books.upload(terminal.slots.prefix(2), first: 1)
        _ = try desk.topUp(account: account(1), fen: 1_030, reference: "t")
        _ = try desk.reportLost(account: account(1))
        books.time.milliseconds += 100
        _ = try desk.replaceCard(account: account(1), cardSerial: 1, reason: .lost, reference: "c")
        terminal.sale(1, fen: 40, cardSequence: 5)
        try books.upload(terminal.slots, first: 1)
        try #expect(desk.show(account: account(1)).debtFen == 0)
        try #expect(desk.show(account: account(1)).balanceFen == 0)
        try #expect(books.count("suspense WHERE reason = 'retired-card'") == 1)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A report reaches the feeds with the next heartbeat, and so every online terminal within five seconds")
    func feeds() throws {
        let books = try TestBooks()
        let desk = books.desk(.app)
        var terminal = TestTerminal()
        terminal.activate(1)
        try books.upload(terminal.slots, first: 1)
        let known = try books.service.heartbeat(TestBooks.heartbeat(), terminal: 1, token: TestBooks.token)
        _ = try desk.reportLost(account: account(1))
        // Terminals ask every three seconds.
        books.time.milliseconds += 3_000
        let told = try books.service.heartbeat(TestBooks.heartbeat(), terminal: 1, token: TestBooks.token)
        #expect(told.hotlistVersion > known.hotlistVersion && told.rosterVersion > known.rosterVersion)
        try #expect(books.feed(.hotlist, since: known.hotlistVersion) != nil)
    }

    @Test("A lost card whose activation was only begun is out of use too, and a sale with it waits in suspense")
    func unfinished() throws {
        let books = try TestBooks()
        let desk = books.desk()
        var terminal = TestTerminal()
        terminal.intent(1)
        try books.upload(terminal.slots, first: 1)
        _ = try desk.topUp(account: account(1), fen: 1_500, reference: "t")
        _ = try desk.replaceCard(account: account(1), cardSerial: 1, reason: .lost, reference: "c")
        try #expect(isListed(CardTag(uid: TestBooks.uid(1), key: books.keys.rosterKey), books))
        terminal.outcome(1, after: 1)
        terminal.sale(1, fen: 40)
        try books.upload(terminal.slots, first: 1)
        try #expect(books.balance(1) == 500)
        try #expect(books.reasons() == ["serial-mismatch", "retired-card"])
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("A card costs ten yuan from the balance, and nothing where its activation has spoilt it")
    func fees() throws {
        let books = try TestBooks(holders: 6)
        let desk = books.desk(.cardCentre)
        var terminal = TestTerminal()
        let spoilt = terminal.intent(2)
        terminal.outcome(2, after: spoilt, result: .chipDefective)
        let flaky = terminal.intent(3)
        terminal.outcome(3, after: flaky, result: .chipDefective)
        terminal.activate(3)
        terminal.activate(4)
        try books.upload(terminal.slots, first: 1)
        for index in [1, 3] {
            try #expect(
                refusal {
                    try desk.replaceCard(
                        account: account(index), cardSerial: 1, reason: .broken, reference: "a\(index)")
                } == "L-BALANCE", "\(index)")
        }
        try #expect(desk.replaceCard(account: account(2), cardSerial: 1, reason: .broken, reference: "b").fen == 0)
        try #expect(desk.replaceCard(account: account(4), cardSerial: 1, reason: .spoilt, reference: "c").fen == 0)
        try #expect(desk.replaceCard(account: account(0), cardSerial: 1, reason: .broken, reference: "d").fen == -1_000)
        try #expect(
            refusal { try desk.replaceCard(account: account(0), cardSerial: 9, reason: .lost, reference: "e") }
                == "L-SERIAL")
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test(
        "After the period a card is activated only by leave of the card centre, and an active one is confirmed for ever"
    )
    func late() throws {
        let books = try TestBooks()
        let desk = books.desk(.cardCentre)
        var terminal = TestTerminal()
        terminal.activate(1)
        try books.upload(terminal.slots, first: 1)
        let end = books.time.milliseconds
        for setting in [end + 1, end] {
            try ActivationPeriod.setEnd(setting, in: books.store, actor: "a test", time: books.time)
            try #expect(ActivationPeriod.end(in: books.store) == setting)
        }
        try #expect(permit(2, 2, books) == .granted)
        books.time.milliseconds += 1
        try #expect(permit(2, 2, books) == .activationClosed)
        try #expect(permit(1, 1, books) == .alreadyActive)
        let view = try desk.allowLate(account: account(2), days: 2)
        #expect(view.lateUntilMilliseconds == books.time.milliseconds + 2 * 86_400_000)
        try #expect(permit(2, 2, books) == .granted)
        try #expect(permit(3, 3, books) == .activationClosed)
        books.time.milliseconds += 2 * 86_400_000 + 1
        try #expect(permit(2, 2, books) == .activationClosed)
        for days in [0, -1, 31, .max] {
            try #expect(refusal { try desk.allowLate(account: account(2), days: days) } == "L-MALFORMED")
        }
        try ActivationPeriod.setEnd(nil, in: books.store, actor: "a test", time: books.time)
        try #expect(permit(3, 3, books) == .granted)
        try #expect(books.actions().count { $0 == "activation-end" } == 3)
    }

    @Test("The app gets a certificate for its device that counts three days, and none for a lost card")
    func certificates() throws {
        let books = try TestBooks()
        let desk = books.desk(.app)
        let key = (0..<32).map { UInt8($0) }
        let issued = try desk.certify(account: account(1), deviceKey: key)
        let bytes = try #require([UInt8](hex: issued.certificate))
        let certificate = try AccountCertificate(verifying: bytes, with: books.keys.signingKey.publicKey)
        #expect(certificate.account == TestBooks.account(1) && certificate.deviceKey == key)
        #expect(certificate.isValid(at: books.time.milliseconds))
        #expect(!certificate.isValid(at: books.time.milliseconds + 3 * 86_400_000 + 1))
        try #expect(refusal { try desk.certify(account: account(1), deviceKey: [1]) } == "L-MALFORMED")
        _ = try desk.reportLost(account: account(1))
        try #expect(refusal { try desk.certify(account: account(1), deviceKey: key) } == "L-LOST")
    }
}
