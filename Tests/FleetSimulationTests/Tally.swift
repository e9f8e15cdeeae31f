/// What went wrong in a run, by kind; the names are what is printed.
enum Fault: String, CaseIterable {
    case requestLost = "requests lost"
    case answerLost = "answers lost after the commit"
    case bodyCut = "bodies cut"
    case duplicate = "duplicates"
    case delayed = "requests overtaken by later ones"
    case replay = "old batches replayed"
    case html = "HTML answers"
    case unreachable = "ledger not reached"
    case killBefore = "ledger killed before"
    case killDuring = "ledger killed in a transaction"
    case killAfter = "ledger killed after the commit"
    case ledgerRestart = "ledger restarted"
    case storeFails = "store failing in a transaction"
    case storeFailsAtCommit = "commits failing"
    case commitUnknown = "commits of unknown end"
    case lostRace = "races lost"
    case connectionLost = "database connections lost"
    case moneyRequest = "top-ups failing and asked for again"
    case ledgerDiskFull = "ledger disk full"
    case ledgerRestored = "ledger put back from a backup"
    case powerCut = "terminal power cuts"
    case diskFailure = "terminal disk failures"
    case processEnd = "terminal processes ended"
    case rot = "sectors rotted"
    case terminalRestored = "terminals put back from a copy"
    case terminalClock = "terminal clocks off by ten years"
    case ledgerClock = "ledger clock off by ten years"
    case newEpoch = "new epochs"
    case unregisteredEpoch = "uploads of unregistered epochs"
}

/// What happened in one run or many, in numbers.
struct Tally {
    private(set) var faults: [Fault: Int] = [:]
    /// How often a store failed at each statement of a write.
    private(set) var statements: [Int: Int] = [:]
    var records = 0
    var sales = 0
    var answered = 0
    var suspense = 0
    /// What became of sales in doubt.
    var doubts: [String: Int] = [:]
    var forks = 0
    var gaps = 0
    var onPostgres = 0
    var replaysAtTheEnd = 0

    mutating func count(_ fault: Fault) { faults[fault, default: 0] += 1 }

    mutating func countStatement(_ number: Int) { statements[number, default: 0] += 1 }

    mutating func add(_ other: Tally) {
        faults.merge(other.faults, uniquingKeysWith: +)
        statements.merge(other.statements, uniquingKeysWith: +)
        records += other.records
        sales += other.sales
        answered += other.answered
        suspense += other.suspense
        doubts.merge(other.doubts, uniquingKeysWith: +)
        forks += other.forks
        gaps += other.gaps
        onPostgres += other.onPostgres
        replaysAtTheEnd += other.replaysAtTheEnd
    }

    var line: String {
        let happened = Fault.allCases.map { "\(faults[$0] ?? 0) \($0.rawValue)" }
        let last = statements.keys.max() ?? 0
        let missed = (1...max(last, 1)).filter { statements[$0] == nil }.count
        return
            (happened + [
                "stores failed at statements 1 to \(last) (\(missed) of them never)",
                "\(records) records, \(answered) answered for, \(sales) sales, \(suspense) in suspense",
                "\(doubts.values.reduce(0, +)) sales in doubt: "
                    + doubts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "),
                "\(forks) forks frozen, \(gaps) gaps declared, \(replaysAtTheEnd) batches replayed after the end",
                "\(onPostgres) runs on PostgreSQL",
            ]).joined(separator: "; ")
    }
}
