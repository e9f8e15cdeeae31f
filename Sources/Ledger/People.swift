import Journal
import LedgerProtocol

/// An account of a holder.
struct HolderAccount {
    let number: Int64
    let isOpen: Bool
    let isReportedLost: Bool
    /// The serial that the account's card has, or will get.
    let cardSerial: UInt32
    let balance: Int64

    fileprivate static let columns = "number, status, lost_ms, card_serial, balance_fen"

    fileprivate init(_ row: SQLRow) throws {
        number = try row.integer(0)
        isOpen = try row.text(1) == "open"
        isReportedLost = !row.isNull(2)
        cardSerial = try row.number(3)
        balance = try row.integer(4)
    }
}

/// A card that was activated.
struct ActiveCard {
    let uid: [UInt8]
    let account: Int64
    let serial: UInt32

    fileprivate static let columns = "uid, account, serial"

    fileprivate init(_ row: SQLRow) throws {
        uid = try row.blob(0)
        account = try row.integer(1)
        serial = try row.number(2)
    }
}

/// A terminal that may speak to the ledger.
struct RegisteredTerminal {
    let number: UInt16
    let name: String
    let tokenHash: [UInt8]
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

    func holderAccount(of holder: HolderHash) throws -> HolderAccount? {
        try first("SELECT \(HolderAccount.columns) FROM accounts WHERE holder = ?", [.blob(holder.bytes)])
            .map(HolderAccount.init)
    }

    func card(uid: [UInt8]) throws -> ActiveCard? {
        try first("SELECT \(ActiveCard.columns) FROM cards WHERE uid = ?", [.blob(uid)]).map(ActiveCard.init)
    }

    func card(account: Int64) throws -> ActiveCard? {
        try first("SELECT \(ActiveCard.columns) FROM cards WHERE account = ?", [.integer(account)])
            .map(ActiveCard.init)
    }

    func terminal(_ number: UInt16) throws -> RegisteredTerminal? {
        let row = try first(
            "SELECT name, token_hash, journal_key, frozen_reason FROM terminals WHERE number = ?", [.number(number)])
        return try row.map {
            RegisteredTerminal(
                number: number, name: try $0.text(0), tokenHash: try $0.blob(1), journalKeyBytes: try $0.blob(2),
                frozenReason: $0.isNull(3) ? nil : try $0.text(3))
        }
    }

    func rosterVersion() throws -> UInt64 {
        UInt64(try integer("SELECT value FROM settings WHERE name = 'roster_version'"))
    }

    func rosterIssued() throws -> Int64 { try integer("SELECT value FROM settings WHERE name = 'roster_issued_ms'") }

    /// Anything that a roster tells has changed: the next one has a higher version.
    func raiseRosterVersion(now: Int64) throws {
        try execute("UPDATE settings SET value = value + 1 WHERE name = 'roster_version'")
        try execute("UPDATE settings SET value = ? WHERE name = 'roster_issued_ms'", [.integer(now)])
    }
}
