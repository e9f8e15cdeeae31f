import Platform

/// A list for people and scripts: what the books hold about one subject.
public struct LedgerReport: Encodable, Sendable {
    /// What a list can be about.
    public enum Subject: String, CaseIterable, Sendable {
        /// Accounts with their balance and card.
        case accounts
        /// Outcomes of activations, and intents whose outcome has not arrived.
        case activations
        /// Transfers, one row per posting.
        case transfers
        /// Terminals, and how far each has come.
        case terminals
        /// Records and cases that wait for a person.
        case suspense
    }

    /// The names of the columns; in JSON, of the fields.
    public let columns: [String]
    /// The rows, as many values each as there are columns.
    public let rows: [[SQLValue]]

    /// Reads the list from the books.
    public init(_ subject: Subject, from store: any LedgerStore) throws {
        let (columns, sql) = Self.query(subject)
        self.columns = columns
        rows = try store.read { try $0.rows(sql).map(\.values) }
    }

    /// Columns padded to the same width, a heading first.
    public var table: String {
        let cells = [columns] + rows.map { $0.map(\.shown) }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    /// Writes an array with one object per row.
    public func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        for row in rows { try list.encode(Dictionary(uniqueKeysWithValues: zip(columns, row.map(Field.init)))) }
    }

    private struct Field: Encodable {
        let value: SQLValue

        init(_ value: SQLValue) { self.value = value }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch value {
            case .null: try container.encodeNil()
            case .integer(let number): try container.encode(number)
            case .text(let text): try container.encode(text)
            case .blob(let bytes): try container.encode(bytes.hex())
            }
        }
    }

    private static func query(_ subject: Subject) -> (columns: [String], sql: String) {
        switch subject {
        case .accounts: (accountColumns, accountQuery)
        case .activations: (activationColumns, activationQuery)
        case .transfers: (transferColumns, transferQuery)
        case .terminals: (terminalColumns, terminalQuery)
        case .suspense: (suspenseColumns, suspenseQuery)
        }
    }

    private static let accountColumns = ["account", "kind", "name", "status", "lost", "balanceFen", "uid", "serial"]
    private static let accountQuery = """
        SELECT a.number, coalesce(a.category, a.kind), a.name, a.status,
            CASE WHEN a.lost_ms IS NULL THEN 'no' ELSE 'yes' END,
            coalesce(a.balance_fen, (SELECT CAST(coalesce(sum(p.fen), 0) AS BIGINT) FROM postings p WHERE p.account = a.number)),
            c.uid, c.serial
        FROM accounts a LEFT JOIN cards c ON c.account = a.number AND c.status = 'active' ORDER BY a.number
        """

    private static let activationColumns = [
        "terminal", "epoch", "sequence", "uid", "account", "serial", "effect", "purseFen", "paidFen",
        "timeMilliseconds",
    ]
    private static let activationQuery = """
        SELECT terminal, epoch, sequence, uid, account, serial, effect, purse_fen, paid_fen, ended_ms FROM outcomes
        UNION ALL
        SELECT terminal, epoch, sequence, uid, account, serial, state, NULL, 0, begun_ms FROM intents
        WHERE state = 'pending' ORDER BY 1, 2, 3
        """

    private static let transferColumns = [
        "transfer", "kind", "terminal", "epoch", "sequence", "account", "fen", "reason", "timeMilliseconds",
    ]
    private static let transferQuery = """
        SELECT t.id, t.kind, t.terminal, t.epoch, t.sequence, p.account, p.fen, t.reason, t.created_ms
        FROM transfers t JOIN postings p ON p.transfer = t.id ORDER BY t.created_ms, t.id, p.account
        """

    private static let terminalColumns = ["terminal", "name", "epoch", "acknowledged", "chainHead", "frozen"]
    private static let terminalQuery = """
        SELECT t.number, t.name, c.epoch, c.acknowledged, c.chain_head, t.frozen_reason
        FROM terminals t LEFT JOIN cursors c ON c.terminal = t.number ORDER BY t.number, c.epoch
        """

    private static let suspenseColumns = [
        "terminal", "epoch", "sequence", "reason", "detail", "fen", "timeMilliseconds",
    ]
    private static let suspenseQuery = """
        SELECT terminal, epoch, sequence, reason, detail, fen, created_ms FROM suspense WHERE resolved_ms IS NULL
        UNION ALL
        SELECT terminal, epoch, sequence, 'gap', first_lost || '...' || last_lost || ' ' || reason, NULL, created_ms
        FROM cases
        UNION ALL
        SELECT terminal, epoch, first, 'quarantined', reason, NULL, received_ms FROM quarantine
        ORDER BY 1, 2, 3
        """
}

extension SQLValue {
    fileprivate var shown: String {
        switch self {
        case .null: "-"
        case .integer(let number): "\(number)"
        case .text(let text): text
        case .blob(let bytes): bytes.hex()
        }
    }
}
