import Journal
import LedgerProtocol

/// An account of a holder.
struct HolderAccount {
    let number: Int64
    let isOpen: Bool
    /// When the card was reported lost, in milliseconds since 1970-01-01 UTC.
    let lost: Int64?
    /// The serial that the account's card has, or will get.
    var cardSerial: UInt32
    /// In fen; never negative, see ``debt``.
    var balance: Int64
    /// What the holder owes, in fen: sales that the balance did not cover.
    var debt: Int64
    /// What the holder may spend at canteens beside the balance, in fen; it is spent first.
    var subsidy: Int64
    /// How many sales of it were ever in doubt.
    let doubts: Int64
    /// The language in which terminals speak to the holder, where somebody has said which.
    let language: String?

    var isReportedLost: Bool { lost != nil }

    static let columns = "number, status, lost_ms, card_serial, balance_fen, debt_fen, subsidy_fen, doubts, language"

    init(_ row: SQLRow) throws {
        number = try row.integer(0)
        isOpen = try row.text(1) == "open"
        lost = row.isNull(2) ? nil : try row.integer(2)
        cardSerial = try row.number(3)
        balance = try row.integer(4)
        debt = try row.integer(5)
        subsidy = try row.integer(6)
        doubts = try row.integer(7)
        language = try row.optionalText(8)
    }
}

/// A card that was activated.
struct KnownCard {
    let uid: [UInt8]
    let account: Int64
    let serial: UInt32
    /// Whether it is still in use: one that was replaced is not.
    let isActive: Bool
    /// Since when it was out of use, lost or replaced, in milliseconds since 1970-01-01 UTC.
    let retired: Int64?

    static let columns = "uid, account, serial, status, retired_ms"

    init(uid: [UInt8], account: Int64, serial: UInt32, isActive: Bool, retired: Int64? = nil) {
        self.uid = uid
        self.account = account
        self.serial = serial
        self.isActive = isActive
        self.retired = retired
    }

    init(_ row: SQLRow) throws {
        self.init(
            uid: try row.blob(0), account: try row.integer(1), serial: try row.number(2),
            isActive: try row.text(3) == "active", retired: try row.optional(4))
    }
}

/// A terminal that may speak to the ledger.
struct RegisteredTerminal {
    let number: UInt16
    let name: String
    let journalKeyBytes: [UInt8]
    let frozenReason: String?

    var journalKey: ChainKey { ChainKey(bytes: journalKeyBytes) }
}

extension LedgerTransaction {
    func holderAccount(_ number: Int64) throws -> HolderAccount? {
        try first(
            "SELECT \(HolderAccount.columns) FROM accounts WHERE number = ? AND kind = 'holder'", [.integer(number)]
        ).map(HolderAccount.init)
    }

    /// The account of a holder; nobody else's to change until this transaction ends where that is asked for.
    func holderAccount(of holder: HolderHash, forUpdate isMine: Bool = false) throws -> HolderAccount? {
        try first(
            "SELECT \(HolderAccount.columns) FROM accounts WHERE holder = ?\(isMine ? forUpdate : "")",
            [.blob(holder.bytes)]
        ).map(HolderAccount.init)
    }

    func card(uid: [UInt8]) throws -> KnownCard? {
        try first("SELECT \(KnownCard.columns) FROM cards WHERE uid = ?", [.blob(uid)]).map(KnownCard.init)
    }

    func activeCard(account: Int64) throws -> KnownCard? {
        try first(
            "SELECT \(KnownCard.columns) FROM cards WHERE account = ? AND status = 'active'", [.integer(account)]
        ).map(KnownCard.init)
    }

    func terminal(_ number: UInt16) throws -> RegisteredTerminal? {
        let row = try first(
            "SELECT name, journal_key, frozen_reason FROM terminals WHERE number = ?", [.number(number)])
        return try row.map {
            RegisteredTerminal(
                number: number, name: try $0.text(0), journalKeyBytes: try $0.blob(1),
                frozenReason: $0.isNull(2) ? nil : try $0.text(2))
        }
    }
}
