import Crypto
import FoundationEssentials
import Journal
public import LedgerProtocol
import Platform

/// A day's closing as a terminal sent it, and what it was answered.
public struct StoredClosing: Codable, Hashable, Sendable {
    /// The terminal's figures.
    public let terminal: Closing
    /// The ledger's, and the difference explained.
    public let answer: ClosingAnswer
    /// When it was answered, in milliseconds since 1970-01-01 UTC.
    public let answeredMilliseconds: Int64

    /// What a terminal closed on a day (`YYYY-MM-DD`), oldest first, each compared with the books as they are now.
    public static func list(of terminal: UInt16, day: String, from store: any LedgerStore) throws -> [StoredClosing] {
        try store.read { transaction in
            try ClosingDesk.closings(of: terminal, day: day, in: transaction).map { stored in
                StoredClosing(
                    terminal: stored.terminal,
                    answer: try ClosingDesk.compare(stored.terminal, terminal: terminal, in: transaction),
                    answeredMilliseconds: stored.answeredMilliseconds)
            }
        }
    }
}

/// Compares what terminals say of their day with the raw records that arrived.
struct ClosingDesk {
    /// More than a terminal writes in years; a day's closing is about thousands.
    static let recordLimit: UInt64 = 1_000_000

    let store: any LedgerStore

    /// The same closing is answered the same for ever, unless records were still on their way.
    func close(_ closing: Closing, terminal: UInt16, now: Int64) throws -> ClosingAnswer {
        try check(closing)
        let digest = Array(SHA256.hash(data: Array(try Self.text(closing).utf8)))
        let key: [SQLValue] = [.number(terminal), .number(closing.epoch), .text(closing.day), .blob(digest)]
        let (known, fresh) = try store.read { transaction -> (ClosingAnswer?, ClosingAnswer) in
            let known = try transaction.first(
                "SELECT body FROM closings WHERE terminal = ? AND epoch = ? AND day = ? AND digest = ?", key
            ).map { try Self.stored($0.text(0)) }
            if let known, known.answer.isFinal { return (known.answer, known.answer) }
            return (known?.answer, try Self.compare(closing, terminal: terminal, in: transaction))
        }
        guard fresh != known else { return fresh }
        let body = try Self.text(StoredClosing(terminal: closing, answer: fresh, answeredMilliseconds: now))
        _ = try store.write { transaction in
            try transaction.execute(
                """
                INSERT INTO closings (terminal, epoch, day, digest, body, received_ms) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (terminal, epoch, day, digest) DO UPDATE SET body = excluded.body
                """, key + [.text(body), .integer(now)] as [SQLValue])
        }
        return fresh
    }

    /// What was closed at a terminal on a day, oldest first.
    static func closings(
        of terminal: UInt16, day: String, in transaction: any LedgerTransaction
    ) throws -> [StoredClosing] {
        try transaction.rows(
            "SELECT body FROM closings WHERE terminal = ? AND day = ? ORDER BY received_ms, epoch",
            [.number(terminal), .text(day)]
        ).map { try Self.stored($0.text(0)) }
    }

    private func check(_ closing: Closing) throws(LedgerRefused) {
        guard Self.isDay(closing.day) else { throw .malformed("day: expected YYYY-MM-DD") }
        guard closing.first > 0, closing.first < Int64.max, closing.last < Int64.max, closing.last >= closing.first - 1,
            closing.last - (closing.first - 1) <= Self.recordLimit
        else { throw .malformed("first, last: expected at most \(Self.recordLimit) records from 1 on") }
    }

    /// Whether `text` is a day as `YYYY-MM-DD`; that the month has it is the terminal's to know.
    static func isDay(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], text.utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) }),
            let month = Int(parts[1]), let day = Int(parts[2])
        else { return false }
        return (1...12).contains(month) && (1...31).contains(day)
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func stored(_ text: String) throws -> StoredClosing {
        try JSONDecoder().decode(StoredClosing.self, from: Data(Array(text.utf8)))
    }
}

// MARK: The comparison

extension ClosingDesk {
    static func compare(
        _ closing: Closing, terminal: UInt16, in transaction: any LedgerTransaction
    ) throws -> ClosingAnswer {
        let range: [SQLValue] = [
            .number(terminal), .number(closing.epoch), .number(closing.first), .number(closing.last),
        ]
        let ledger = try figures(closing, range, in: transaction)
        let agrees = ledger == closing
        var findings = try notYetHere(closing, terminal, in: transaction)
        findings += try quarantined(closing, terminal, in: transaction)
        findings += try gaps(range, in: transaction)
        if !agrees, findings.isEmpty {
            findings.append(
                .init(
                    code: .unexplained, message: "the ledger has all these records, and they come to other figures",
                    first: closing.first, last: closing.last))
        }
        let suspended = try transaction.integer(
            """
            SELECT count(*) FROM suspense
            WHERE terminal = ? AND epoch = ? AND sequence BETWEEN ? AND ? AND resolved_ms IS NULL
            """, range)
        return ClosingAnswer(
            agrees: agrees, ledger: ledger, findings: findings, inSuspense: UInt64(clamping: suspended))
    }

    /// From the raw records, as the terminal does it from its own.
    private static func figures(
        _ closing: Closing, _ range: [SQLValue], in transaction: any LedgerTransaction
    ) throws -> Closing {
        var tally = ClosingTally()
        var head = ""
        // A terminal without a record that day still has the one before as the end of its chain.
        let isEmpty = closing.last < closing.first
        let wanted = isEmpty ? Array(range.prefix(2)) + [.number(closing.last), .number(closing.last)] : range
        try transaction.forEach(
            "SELECT raw FROM records WHERE terminal = ? AND epoch = ? AND sequence BETWEEN ? AND ? ORDER BY sequence",
            wanted
        ) { row in
            let raw = try row.blob(0)
            let slot = try Slot(decoding: raw)
            if !isEmpty { tally.add(type: slot.type.rawValue, payload: slot.payload) }
            head = Slot.mac(of: raw).bytes.hex()
        }
        if closing.last == 0 { head = ChainMAC.start.bytes.hex() }
        return tally.closing(
            day: closing.day, epoch: closing.epoch, first: closing.first, last: closing.last, chainHead: head)
    }

    private static func notYetHere(
        _ closing: Closing, _ terminal: UInt16, in transaction: any LedgerTransaction
    ) throws -> [ClosingAnswer.Finding] {
        let acknowledged = try transaction.acknowledged(terminal: terminal, epoch: closing.epoch) ?? 0
        guard acknowledged < closing.last else { return [] }
        let first = max(acknowledged + 1, closing.first)
        return [
            .init(
                code: .notYetHere, message: "records \(first) to \(closing.last) have not arrived", first: first,
                last: closing.last)
        ]
    }

    private static func quarantined(
        _ closing: Closing, _ terminal: UInt16, in transaction: any LedgerTransaction
    ) throws -> [ClosingAnswer.Finding] {
        let uploads = try transaction.rows(
            """
            SELECT first, first + length(body) / \(Slot.size) - 1, reason FROM quarantine
            WHERE terminal = ? AND epoch = ? AND first <= ? ORDER BY first
            """, [.number(terminal), .number(closing.epoch), .number(closing.last)])
        return try uploads.compactMap { row in
            let (first, last): (UInt64, UInt64) = (try row.number(0), try row.number(1))
            guard last >= closing.first else { return nil }
            return .init(
                code: .quarantined, message: "an upload was set aside: \(try row.text(2))", first: first, last: last)
        }
    }

    private static func gaps(
        _ range: [SQLValue], in transaction: any LedgerTransaction
    ) throws -> [ClosingAnswer.Finding] {
        let cases = try transaction.rows(
            """
            SELECT first_lost, last_lost, reason FROM cases
            WHERE terminal = ? AND epoch = ? AND last_lost >= ? AND first_lost <= ? ORDER BY first_lost
            """, range)
        return try cases.map { row in
            let (first, last): (UInt64, UInt64) = (try row.number(0), try row.number(1))
            return .init(
                code: .gapDeclared, message: "records \(first) to \(last) were reported as lost: \(try row.text(2))",
                first: first, last: last)
        }
    }
}
