import LedgerProtocol

@testable import Ledger

/// The code that `body` is refused with; `nil` when it is not.
func refusal(_ body: () throws -> some Any) throws -> String? {
    do {
        _ = try body()
        return nil
    } catch let refused as LedgerRefused {
        return refused.refusal.code
    }
}

/// The lines that a table is refused for, `line: problem` each; `nil` when it is taken.
func wrongLines(_ body: () throws -> TableReport) throws -> [String]? {
    do {
        _ = try body()
        return nil
    } catch let refused as TableRefused {
        return refused.problems.isEmpty ? [refused.message] : refused.problems.map { "\($0.line): \($0.problem)" }
    }
}
