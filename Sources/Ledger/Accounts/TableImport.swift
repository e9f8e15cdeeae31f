import LedgerProtocol

/// What importing a table has done, or would do.
public struct TableReport: Codable, Hashable, Sendable {
    /// Records read, the heading aside.
    public internal(set) var records = 0
    /// People, or balances, that were not there before.
    public internal(set) var new = 0
    /// Those that were there with other particulars.
    public internal(set) var changed = 0
    /// Those that were there just so.
    public internal(set) var unchanged = 0
    /// Fen of the balances that are new or changed.
    public internal(set) var fen: Int64 = 0
    /// Every line that is wrong; nothing is imported unless there is none.
    public internal(set) var problems: [LineProblem] = []
    /// Whether this was only to find out.
    public internal(set) var isDryRun = false

    mutating func add(_ problem: String, at line: Int) {
        problems.append(LineProblem(line: line, problem: problem))
    }
}

/// A table that is not imported, because of the file as a whole or of some lines.
public struct TableRefused: Error, Sendable, CustomStringConvertible {
    /// What is wrong, with the next step.
    public let message: String
    /// The lines that are wrong, in order.
    public let problems: [LineProblem]

    /// What is wrong, for people, a line each.
    public var description: String {
        ([message] + problems.map { "line \($0.line): \($0.problem)" }).joined(separator: "\n")
    }
}

extension AccountDesk {
    /// How far an import is: records done, of how many.
    public typealias Progress = (_ done: Int, _ total: Int) -> Void

    /// The most bytes that a table may have: a quarter of a million people.
    public static let tableLimit = 16 << 20

    func table(_ bytes: [UInt8]) throws -> CSVFile {
        guard bytes.count <= Self.tableLimit else {
            throw TableRefused(message: "more than \(Self.tableLimit >> 20) MiB: split the file", problems: [])
        }
        do throws(CSVFile.Unreadable) {
            return try CSVFile(bytes)
        } catch {
            throw TableRefused(message: error.message, problems: [])
        }
    }

    /// Where `names` stand in `table`.
    func places(of names: [String], in table: CSVFile) throws -> [Int] {
        do throws(CSVFile.Unreadable) {
            return try table.places(of: names)
        } catch {
            throw TableRefused(message: error.message, problems: [])
        }
    }

    /// All of it or nothing: what `body` has written is undone when a line is wrong, or when it is only to find out.
    func importing(
        _ action: AccountAction, subject: String = "", dryRun: Bool,
        _ body: (any LedgerTransaction, _ now: Int64) throws -> TableReport
    ) throws -> TableReport {
        do {
            return try perform(
                action, subject: subject, detail: { "\($0.new) new, \($0.changed) changed, \($0.fen) fen" }
            ) { transaction, now in
                var report = try body(transaction, now)
                report.problems.sort { $0.line < $1.line }
                report.isDryRun = dryRun
                if !report.problems.isEmpty || dryRun { throw Undone(report: report) }
                return report
            }
        } catch let undone as Undone {
            guard !dryRun, !undone.report.problems.isEmpty else { return undone.report }
            throw TableRefused(
                message: "nothing is imported: correct the lines named and import the file again",
                problems: undone.report.problems)
        }
    }

    private struct Undone: Error {
        let report: TableReport
    }
}

/// A line of a table that gives somebody money.
struct HolderAmount {
    let line: Int
    let holder: HolderHash
    let fen: Int64
}

extension AccountDesk {
    /// Reads a table of holder numbers and amounts, each holder once; wrong lines go into `report`.
    ///
    /// - Parameter places: the columns of the holder number and of the amount, which is called `column`.
    func readAmounts(
        _ table: CSVFile, _ places: [Int], _ column: String, _ range: ClosedRange<Int64>,
        _ report: inout TableReport, _ progress: Progress
    ) -> [HolderAmount] {
        var amounts: [HolderAmount] = []
        var lines: [HolderHash: Int] = [:]
        for (index, record) in table.records.enumerated() {
            progress(index, table.records.count)
            do throws(LedgerRefused) {
                let holder = holder(try Input.holderNumber(record.fields[places[0]]))
                let text = record.fields[places[1]]
                guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let fen = Int64(text),
                    range.contains(fen)
                else {
                    throw .malformed("\(column): expected \(range.lowerBound) to \(range.upperBound), whole fen")
                }
                if let first = lines.updateValue(record.line, forKey: holder) {
                    throw .malformed("holderNumber: the same as in line \(first)")
                }
                amounts.append(HolderAmount(line: record.line, holder: holder, fen: fen))
            } catch {
                report.add(error.refusal.message, at: record.line)
            }
        }
        return amounts
    }
}
