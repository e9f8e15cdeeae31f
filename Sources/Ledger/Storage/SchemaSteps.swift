/// Every step that ever led to the tables of today, in order.
///
/// Steps are only added: books are never taken back or rewritten.
enum SchemaSteps {
    struct Step: Sendable {
        /// What the database remembers the step by.
        let name: String
        let statements: @Sendable (SQLDialect) -> [String]
    }

    static let all = [
        Step(name: "v1", statements: { SchemaV1.statements($0) }),
        Step(name: "v2", statements: { SchemaV2.statements($0) }),
        Step(name: "v3", statements: { SchemaV3.statements($0) }),
        Step(name: "v4", statements: { SchemaV4.statements($0) }),
    ]

    /// The tables that hold the books, each after those that it refers to: the order to copy them in.
    static let tables = [
        "terminals", "credentials", "enrolments", "epochs", "heartbeats", "closings", "cursors", "records", "settings",
        "feeds", "issues", "people", "accounts", "hotlist", "documents", "cards", "transfers", "postings", "intents",
        "outcomes",
        "sales", "doubts", "codes", "suspense", "cases", "quarantine", "tokens", "requests", "audit",
    ]
}
