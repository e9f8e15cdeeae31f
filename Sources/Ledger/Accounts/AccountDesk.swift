import LedgerProtocol
public import Platform

/// What people ask of their accounts, through whoever serves them: one caller's view of the books.
///
/// Calls block until the answer is on stable storage. Each is allowed by ``AccountAction/allowed``, and each leaves a line
/// in the audit trail, in the same transaction as its effect.
public struct AccountDesk: Sendable {
    let store: any LedgerStore
    let keys: LedgerKeys
    let time: any TimeSource
    /// Who asks.
    public let caller: Caller
    /// What a guess at a PIN costs; see ``PinVerifier``.
    var pinWork = PinVerifier.standardWork

    /// A desk for `caller` on the books in `store`.
    public init(store: any LedgerStore, keys: LedgerKeys, time: any TimeSource, caller: Caller) {
        self.store = store
        self.keys = keys
        self.time = time
        self.caller = caller
    }

    func holder(_ number: String) -> HolderHash { HolderHash(holderNumber: number, key: keys.rosterKey) }

    /// Whether the caller may do `action`; a refusal leaves a line too.
    func authorize(_ action: AccountAction, subject: String) throws {
        guard !action.allowed.contains(caller.role) else { return }
        let now = time.wallMilliseconds()
        try store.write { try $0.audit(caller, "denied", subject, action.rawValue, now: now) }
        throw LedgerRefused.role(caller.role, action)
    }

    /// Runs `body` in one transaction together with its line in the audit trail.
    func perform<Result>(
        _ action: AccountAction, subject: String, detail: (Result) -> String = { _ in "" },
        _ body: (any LedgerTransaction, _ now: Int64) throws -> Result
    ) throws -> Result {
        try authorize(action, subject: subject)
        let now = time.wallMilliseconds()
        return try store.write { transaction in
            let result = try body(transaction, now)
            try transaction.audit(caller, action.rawValue, subject, detail(result), now: now)
            return result
        }
    }
}

/// What may stand in a request, checked before anything else: what a database cannot keep never gets there.
enum Input {
    /// A text of 1 to `longest` characters without the white space around it, without control characters.
    static func text(_ value: String, _ field: String, longest: Int) throws(LedgerRefused) -> String {
        var text = value[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        // Some clusters have thousands of code points, so characters alone bound nothing.
        guard !text.isEmpty, text.count <= longest, text.utf8.count <= longest * 8,
            text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { throw .malformed("\(field): expected 1 to \(longest) characters, none of them a control character") }
        return String(text)
    }

    static func holderNumber(_ value: String) throws(LedgerRefused) -> String {
        try text(value, "holderNumber", longest: 32)
    }

    static func name(_ value: String) throws(LedgerRefused) -> String { try text(value, "name", longest: 64) }

    static func account(_ number: Int64) throws(LedgerRefused) -> Int64 {
        guard number >= SystemAccount.firstHolder else {
            throw .malformed("account: expected \(SystemAccount.firstHolder) or more")
        }
        return number
    }

    /// Made by the client, kept for ever; the ledger's own references have a colon, which theirs cannot have.
    static func reference(_ value: String) throws(LedgerRefused) -> String {
        let isAllowed = value.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isAllowed, (1...64).contains(value.utf8.count) else {
            throw .malformed("reference: expected 1 to 64 letters, digits, dots, hyphens and underscores")
        }
        return value
    }

    static func fen(_ value: Int64, upTo limit: Int64) throws(LedgerRefused) -> Int64 {
        guard (1...limit).contains(value) else { throw .malformed("fen: expected 1 to \(limit)") }
        return value
    }
}
