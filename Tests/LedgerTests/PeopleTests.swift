import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("The register of people, and opening accounts", .onBothDatabases)
struct PeopleTests {
    private static let people = """
        holderNumber,name,category,idNumber
        T100,吴一舟,staff,11010519491231002X
        S200,林小满,student,440524188001010014
        S201,"O""Neil, Ann",student,E1234567A\r

        """

    private func csv(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("A file of people is taken once, and taking it again changes nothing")
    func importing() throws {
        let books = try TestBooks(holders: 1)
        let desk = books.desk(.cardCentre)
        let dry = try desk.importPeople(csv: csv(Self.people), dryRun: true)
        #expect(dry.isDryRun && dry.new == 3 && dry.records == 3)
        try #expect(books.count("people") == 0)
        let first = try desk.importPeople(csv: csv("\u{FEFF}" + Self.people), dryRun: false)
        #expect(first.new == 3 && first.changed == 0 && first.problems == [])
        let rows = try books.store.read { try $0.rows("SELECT * FROM people ORDER BY holder") }
        let again = try desk.importPeople(csv: csv(Self.people), dryRun: false)
        #expect(again.new == 0 && again.changed == 0 && again.unchanged == 3)
        try #expect(books.store.read { try $0.rows("SELECT * FROM people ORDER BY holder") } == rows)
        let renamed = Self.people.replacing("林小满", with: "林大满")
        let changed = try desk.importPeople(csv: csv(renamed), dryRun: false)
        #expect(changed.changed == 1 && changed.unchanged == 2)
        try #expect(desk.open(holderNumber: "S201", name: "O\"Neil, Ann").category == "student")
    }

    @Test("Every wrong line is named with its number and its reason, and nothing is imported")
    func wrongPeople() throws {
        let books = try TestBooks(holders: 1)
        let desk = books.desk(.cardCentre)
        let text = """
            holderNumber,name,category,pin
            1,Good,staff,123456
            ,Nameless,staff,123456
            3,  ,student,123456
            4,Cat,cat,123456
            5,Pin,staff,12345
            1,Twice,staff,123456
            7,"open
            quote",staff,123456
            8,few,staff
            9,bad"quote,staff,123456
            10,Zero\u{01},staff,123456

            """
        let problems = try wrongLines { try desk.importPeople(csv: csv(text), dryRun: false) }
        #expect(
            problems == [
                "3: holderNumber: expected 1 to 32 characters, none of them a control character",
                "4: name: expected 1 to 64 characters, none of them a control character",
                "5: category: expected staff or student, found “cat”", "6: pin: expected six digits",
                "7: holderNumber: the same as in line 2",
                "8: name: expected 1 to 64 characters, none of them a control character",
                "10: expected 4 fields, found 3",
                "11: expected a field in quotes to be closed, and other fields to have no quotes",
                "12: name: expected 1 to 64 characters, none of them a control character",
            ])
        let dry = try desk.importPeople(csv: csv(text), dryRun: true)
        #expect(dry.problems.count == 9)
        try #expect(books.count("people") == 0)
    }

    @Test("A file that is no table in UTF-8 is refused with the next step")
    func unreadable() throws {
        let desk = try TestBooks(holders: 1).desk(.cardCentre)
        let gb18030: [UInt8] =
            Array("holderNumber,name,category,pin\n1,".utf8) + [0xC1, 0xD6, 0xD0, 0xA1] + csv(",staff,123456\n")
        for (bytes, word) in [
            (gb18030, "iconv -f GB18030"), (Array("a\0b".utf8), "UTF-16"), ([], "heading"),
            (csv("holderNumber,name,category\n"), "line 1"), (csv("holderNumber,name,category,pin,sex\n"), "line 1"),
            (csv("holderNumber;name;category;pin\n"), "line 1"),
        ] {
            let problems = try wrongLines { try desk.importPeople(csv: bytes, dryRun: false) }
            #expect(problems?.count == 1 && problems?[0].contains(word) == true, "\(word): \(problems ?? [])")
        }
    }

    @Test("An account is opened by number and name, once, and a refusal does not tell which of the two was wrong")
    func opening() throws {
        let books = try TestBooks(holders: 1)
        let desk = books.desk(.app)
        _ = try books.desk().importPeople(csv: csv(Self.people), dryRun: false)
        let account = try desk.open(holderNumber: " S200 ", name: "林小满\u{3000}")
        #expect(account.balanceFen == 0 && account.hasPin && account.category == "student" && account.status == "open")
        try #expect(desk.open(holderNumber: "S200", name: "林小满") == account)
        var words: Set<String> = []
        for (number, name) in [("S200", "林小"), ("S999", "林小满"), ("T100", "林小满")] {
            do {
                _ = try desk.open(holderNumber: number, name: name)
                Issue.record("opened for \(number), \(name)")
            } catch let refused as LedgerRefused {
                words.insert(refused.refusal.code + refused.refusal.message)
            }
        }
        #expect(words.count == 1 && words.first?.hasPrefix("L-NO-PERSON") == true)
        try books.execute("UPDATE accounts SET status = 'closed' WHERE number = \(account.account)")
        try #expect(refusal { try desk.open(holderNumber: "S200", name: "林小满") } == "L-CLOSED")
    }

    @Test("The first PIN is the last six of the ID number with letters as 0, and what it came from is wiped")
    func initialPin() throws {
        let books = try TestBooks(holders: 1)
        let desk = books.desk(.app)
        _ = try books.desk().importPeople(csv: csv(Self.people), dryRun: false)
        for (number, name, pin) in [
            ("T100", "吴一舟", "310020"), ("S200", "林小满", "010014"), ("S201", "O\"Neil, Ann", "345670"),
        ] {
            let account = try desk.open(holderNumber: number, name: name).account
            try desk.verifyPin(account: account, pin)
            try #expect(refusal { try desk.verifyPin(account: account, "000000") } == "L-PIN")
        }
        try #expect(books.count("people WHERE initial_pin IS NOT NULL") == 0)
        // The register may be imported again: the wiped PIN does not come back.
        let again = try books.desk().importPeople(csv: csv(Self.people), dryRun: false)
        #expect(again.unchanged == 3)
        try #expect(books.count("people WHERE initial_pin IS NOT NULL") == 0)
    }

    @Test("Balances of staff are carried over once, before or after opening; students' are refused by line")
    func balances() throws {
        let books = try TestBooks(holders: 1)
        let desk = books.desk(.cardCentre)
        _ = try desk.importPeople(csv: csv(Self.people), dryRun: false)
        let wrong = csv("holderNumber,balanceFen\nT100,100\nS200,5\nX,1\nT100,7\nT101,-1\nT102,1.5\n")
        let problems = try wrongLines { try desk.importBalances(csv: wrong, dryRun: false) }
        #expect(
            problems == [
                "3: a student's balance is not carried over: take the line out",
                "4: holderNumber: nobody of this number is registered: import the person first",
                "5: holderNumber: the same as in line 2", "6: balanceFen: expected 0 to 100000000, whole fen",
                "7: balanceFen: expected 0 to 100000000, whole fen",
            ])
        let good = csv("holderNumber,balanceFen\nT100,12345\n")
        try #expect(desk.importBalances(csv: good, dryRun: true).fen == 12_345)
        try #expect(desk.importBalances(csv: good, dryRun: false).new == 1)
        try #expect(desk.importBalances(csv: good, dryRun: false).unchanged == 1)
        let account = try desk.open(holderNumber: "T100", name: "吴一舟")
        #expect(account.balanceFen == 12_345)
        try #expect(desk.importBalances(csv: good, dryRun: false).unchanged == 1)
        try #expect(
            wrongLines { try desk.importBalances(csv: csv("holderNumber,balanceFen\nT100,1\n"), dryRun: false) }
                == ["2: 12345 fen are carried over already: correct it by another transfer"])
        // Somebody who opened the account before the balances came.
        _ = try desk.importPeople(
            csv: csv("holderNumber,name,category,pin\nT101,Early,staff,123456\n"), dryRun: false)
        let early = try desk.open(holderNumber: "T101", name: "Early").account
        try #expect(
            desk.importBalances(csv: csv("holderNumber,balanceFen\nT101,700\n"), dryRun: false).new == 1)
        try #expect(desk.show(account: early).balanceFen == 700)
        try #expect(LedgerCheck.run(on: books.store).violations == [])
    }

    @Test("Twenty thousand people are taken, and again, each time whole")
    func many() throws {
        let books = try TestBooks(holders: 1)
        var text = "holderNumber,name,category,pin\n"
        for number in 0..<20_000 { text += "N\(number),Person \(number),student,\(100_000 + number)\n" }
        let report = try books.desk().importPeople(csv: csv(text), dryRun: false)
        let again = try books.desk().importPeople(csv: csv(text), dryRun: false)
        #expect(report.new == 20_000 && again.unchanged == 20_000)
    }
}
