import ArgumentParser
import FoundationEssentials
import Glibc
import Ledger
import LedgerProtocol
import Platform

/// Where the books are.
struct Books: ParsableArguments {
    @Option(help: "The SQLite file that holds the books, or the URL of a PostgreSQL database.")
    var database: String
}

/// Where the ledger's keys are.
struct Keys: ParsableArguments {
    @Option(help: "The directory of the ledger's keys.")
    var keys: String
}

/// What the exit status tells scripts; the help of `yika-ledger` says the same in words.
enum Status {
    static let refused = ExitCode(1)
    static let unreadable = ExitCode(2)
}

/// Runs a command's work and turns what went wrong into a line on standard error and an exit status.
func reporting<Result>(_ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as ExitCode {
        throw error
    } catch let error as ImportError {
        throw failure("\(error)", Status.refused)
    } catch let refused as LedgerRefused {
        throw failure("\(refused.refusal.code): \(refused.refusal.message)", Status.refused)
    } catch let refused as TableRefused {
        throw failure("\(refused)", Status.refused)
    } catch {
        throw failure("\(error)", Status.unreadable)
    }
}

/// Says what went wrong and answers the exit status to throw.
func failure(_ message: String, _ status: ExitCode) -> ExitCode {
    let line = Array("yika-ledger: \(message)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
    return status
}

/// Says something that is no result: on standard error, where it does not get into what a script takes over.
func remark(_ message: String) {
    let line = Array("\(message)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
}

/// Who works at this command line.
func commandLineUser() -> String {
    let environment = ProcessInfo.processInfo.environment
    return environment["SUDO_USER"] ?? environment["USER"] ?? "uid \(getuid())"
}

/// The same, as the audit names it.
func commandLineActor() -> String { "command line: \(commandLineUser())" }

/// Prints `value` as JSON with its fields in a stable order.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
