import LedgerProtocol
import Platform

/// The campus's register of people: whoever is in it may open an account.
extension AccountDesk {
    /// Takes a CSV file with the columns `holderNumber,name,category` and either `idNumber` or `pin`.
    ///
    /// Of the ID number only the initial PIN is kept, sealed, until the account is opened. Repeating a file changes nothing;
    /// a person whose name or category has changed is brought up to date, the open account too.
    ///
    /// - Throws: ``TableRefused`` with every line that is wrong; ``LedgerRefused``.
    public func importPeople(
        csv bytes: [UInt8], dryRun: Bool, progress: Progress = { _, _ in }
    ) throws -> TableReport {
        try authorize(.importPeople, subject: "")
        let table = try table(bytes)
        let secret = table.columns.contains("pin") ? "pin" : "idNumber"
        let places = try places(of: ["holderNumber", "name", "category", secret], in: table)
        var report = TableReport()
        report.records = table.records.count
        report.problems = table.problems
        let people = try read(table, places, isPin: secret == "pin", &report, progress)
        return try importing(.importPeople, dryRun: dryRun) { transaction, now in
            var report = report
            try transaction.register(people, sealedBy: keys.pinKey, now: now, &report)
            return report
        }
    }

    fileprivate struct Person {
        let line: Int
        let holder: HolderHash
        let name: String
        let category: String
        let pin: Pin
    }

    private func read(
        _ table: CSVFile, _ places: [Int], isPin: Bool, _ report: inout TableReport, _ progress: Progress
    ) throws -> [Person] {
        var people: [Person] = []
        var lines: [HolderHash: Int] = [:]
        for (index, record) in table.records.enumerated() {
            progress(index, table.records.count)
            do throws(LedgerRefused) {
                let number = try Input.holderNumber(record.fields[places[0]])
                let name = try Input.name(record.fields[places[1]])
                let category = record.fields[places[2]]
                guard ImportFile.Account.Kind(rawValue: category) != nil else {
                    throw .malformed("category: expected staff or student, found “\(category)”")
                }
                let secret = record.fields[places[3]]
                guard let pin = isPin ? Pin(digits: secret) : Pin(idNumber: secret) else {
                    // What stands there is a secret, also when it is wrong.
                    throw .malformed(
                        isPin ? "pin: expected six digits" : "idNumber: expected 6 to 32 digits and letters")
                }
                let holder = holder(number)
                if let first = lines.updateValue(record.line, forKey: holder) {
                    throw .malformed("holderNumber: the same as in line \(first)")
                }
                people.append(Person(line: record.line, holder: holder, name: name, category: category, pin: pin))
            } catch {
                report.add(error.refusal.message, at: record.line)
            }
        }
        return people
    }
}

extension LedgerTransaction {
    fileprivate typealias Person = AccountDesk.Person

    fileprivate func register(
        _ people: [Person], sealedBy key: PinKey, now: Int64, _ report: inout TableReport
    ) throws {
        let known = try knownPeople(people)
        var added: [[SQLValue]] = []
        var changed: [[SQLValue]] = []
        var renamed: [[SQLValue]] = []
        for person in people {
            let holder = SQLValue.blob(person.holder.bytes)
            guard let before = known[person.holder] else {
                report.new += 1
                added.append([
                    holder, .text(person.name), .text(person.category),
                    .blob(try key.seal(person.pin, of: person.holder)),
                    .integer(0), .integer(now),
                ])
                continue
            }
            if person.category == "student", before.openingFen > 0 {
                report.add("category: a balance of staff is carried over already", at: person.line)
                continue
            }
            // Once the account is open its PIN is the holder's: nothing is sealed again.
            let sealed = try before.hasPin ? nil : before.sealed(key, person)
            let isSame =
                before.name == person.name && before.category == person.category && sealed == before.initialPin
            report.unchanged += isSame ? 1 : 0
            report.changed += isSame ? 0 : 1
            if isSame { continue }
            changed.append([
                .text(person.name), .text(person.category), sealed.map { .blob($0) } ?? .null, holder,
            ])
            renamed.append([.text(person.name), .text(person.category), holder])
        }
        guard report.problems.isEmpty else { return }
        try insert(
            into: "people", ["holder", "name", "category", "initial_pin", "opening_fen", "registered_ms"], rows: added)
        try execute("UPDATE people SET name = ?, category = ?, initial_pin = ? WHERE holder = ?", each: changed)
        try execute("UPDATE accounts SET name = ?, category = ? WHERE holder = ?", each: renamed)
    }

    private func knownPeople(_ people: [Person]) throws -> [HolderHash: KnownPerson] {
        var known: [HolderHash: KnownPerson] = [:]
        try forEach(
            """
            SELECT p.holder, p.name, p.category, p.initial_pin, p.opening_fen,
                CASE WHEN a.pin_verifier IS NULL THEN 0 ELSE 1 END
            FROM people p LEFT JOIN accounts a ON a.holder = p.holder WHERE p.holder IN (?)
            """, among: people.map { .blob($0.holder.bytes) }
        ) { row in
            guard let holder = HolderHash(bytes: try row.blob(0)) else { throw LedgerDamage("a holder hash") }
            known[holder] = KnownPerson(
                name: try row.text(1), category: try row.text(2), initialPin: row.isNull(3) ? nil : try row.blob(3),
                openingFen: try row.integer(4), hasPin: try row.integer(5) == 1)
        }
        return known
    }
}

private struct KnownPerson {
    let name: String
    let category: String
    let initialPin: [UInt8]?
    let openingFen: Int64
    let hasPin: Bool

    /// The same bytes as long as it is the same PIN, so that repeating a file changes nothing.
    func sealed(_ key: PinKey, _ person: AccountDesk.Person) throws -> [UInt8] {
        if let initialPin, try key.open(initialPin, of: person.holder).digits == person.pin.digits { return initialPin }
        return try key.seal(person.pin, of: person.holder)
    }
}
