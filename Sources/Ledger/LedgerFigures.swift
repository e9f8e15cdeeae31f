/// How the books stand, in figures.
public struct LedgerFigures: Codable, Hashable, Sendable {
    /// The program's version.
    public let version: String
    /// The newest roster.
    public let rosterVersion: Int64
    /// Terminals registered, and how many of them are frozen.
    public let terminals: Int64
    /// Terminals that take part no more until somebody has looked into it.
    public let frozen: Int64
    /// Raw records stored.
    public let records: Int64
    /// Accounts of holders.
    public let accounts: Int64
    /// Cards activated.
    public let cards: Int64
    /// Intents whose outcome has not arrived.
    public let pending: Int64
    /// Records that wait for a person.
    public let suspense: Int64
    /// Reconciliation cases.
    public let cases: Int64

    /// Reads the figures from the books.
    public init(from store: any LedgerStore) throws {
        self = try store.read { transaction in
            func count(_ what: String) throws -> Int64 { try transaction.integer("SELECT count(*) FROM \(what)") }
            return LedgerFigures(
                version: LedgerVersion.current, rosterVersion: Int64(try transaction.feedVersion(.roster)),
                terminals: try count("terminals"), frozen: try count("terminals WHERE frozen_reason IS NOT NULL"),
                records: try count("records"), accounts: try count("accounts WHERE kind = 'holder'"),
                cards: try count("cards WHERE status = 'active'"),
                pending: try count("intents WHERE state = 'pending'"),
                suspense: try count("suspense WHERE resolved_ms IS NULL"), cases: try count("cases"))
        }
    }

    private init(
        version: String, rosterVersion: Int64, terminals: Int64, frozen: Int64, records: Int64, accounts: Int64,
        cards: Int64, pending: Int64, suspense: Int64, cases: Int64
    ) {
        self.version = version
        self.rosterVersion = rosterVersion
        self.terminals = terminals
        self.frozen = frozen
        self.records = records
        self.accounts = accounts
        self.cards = cards
        self.pending = pending
        self.suspense = suspense
        self.cases = cases
    }
}
