import Foundation
import TestSupport
import Testing

@testable import Ledger

/// What holds the books of a test.
enum TestDatabase: String, CaseIterable {
    case sqlite
    case postgres

    /// The one that the test under way is on.
    @TaskLocal static var current = TestDatabase.sqlite

    /// New, empty books; `directory` is for what lies in files.
    func makeStore(in directory: URL) throws -> any LedgerStore {
        try LedgerDatabase.open(try makePlace(in: directory), mode: .create)
    }

    /// Where new books can be made.
    func makePlace(in directory: URL) throws -> String {
        switch self {
        case .sqlite: directory.appendingPathComponent("ledger-\(UUID()).sqlite").path
        case .postgres: try PostgresServer.shared.get().freshSchema()
        }
    }
}

/// Runs each test of a suite on SQLite, and then again on PostgreSQL.
struct OnBothDatabases: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // Once per suite and once per test would be four times.
        guard testCase != nil else { return try await function() }
        for database in TestDatabase.allCases {
            try await TestDatabase.$current.withValue(database) { try await function() }
        }
    }
}

extension Trait where Self == OnBothDatabases {
    /// Each test runs on SQLite and on PostgreSQL.
    static var onBothDatabases: Self { OnBothDatabases() }
}
