import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Platform

/// What a technician asks a journal.
struct JournalTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "Look into a terminal's journal, and try a disk.",
        discussion: """
            Nothing is ever changed, made or locked in the journal's directory: all but soak, which writes a journal of \
            its own, work beside the running daemon, and on a copied directory without it.

            \(exitStatuses)
            """,
        subcommands: [JournalVerify.self, JournalDump.self, JournalStats.self, JournalExport.self, JournalSoak.self])

    /// The help of every command of the group tells scripts what to expect.
    static let exitStatuses = """
        Exit status: 0 the journal is valid, 1 it is damaged, 2 it cannot be read; 64 for a wrong command line. Valid \
        means that nothing is wrong that is not reported to the ledger already: lost records that a gap record reports, \
        or that the ledger has, are listed, and leave the status 0.
        """
}

/// Where the journal is, and how to tell about it.
struct JournalPlace: ParsableArguments {
    @Option(help: "The journal's directory.")
    var directory = "/var/lib/yika/journal"

    @Option(help: "A file with the terminal's root key, 64 hexadecimal digits: verifies the chain too.")
    var key: String?

    @Flag(help: "As JSON.")
    var json = false

    /// The directory, opened for reading only.
    func storage() throws(Unreadable) -> FileStorage {
        do throws(StorageError) {
            return try FileStorage(directory: directory, access: .readOnly)
        } catch {
            throw Unreadable(error)
        }
    }

    /// The key; `nil` when none was given.
    func rootKey() throws -> ChainKey? {
        guard let key else { return nil }
        let text: String
        do {
            text = try String(contentsOfFile: key, encoding: .utf8)
        } catch {
            throw ValidationError("--key: \(key) cannot be read; give a file that you may read.")
        }
        let digits = text.filter { !$0.isWhitespace }
        guard let bytes = [UInt8](hex: digits), bytes.count == 32 else {
            throw ValidationError("--key: \(key) does not hold 64 hexadecimal digits; ask the ledger's keeper for it.")
        }
        return ChainKey(bytes: bytes)
    }

    /// Audits the journal with a progress bar.
    func audit(
        _ title: String = "verifying", visitor: (StoredRecord) -> Void = { _ in }
    ) throws -> JournalVerdict {
        let rootKey = try rootKey()
        return try JournalVerdict.of(directory, rootKey: rootKey, title: title, visitor: visitor)
    }
}

/// Why a journal cannot be read, with what to do about it.
struct Unreadable: Error, CustomStringConvertible {
    let description: String

    private init(_ problem: String, _ advice: String?) {
        description = problem + (advice.map { "; \($0)" } ?? "")
    }

    init(_ error: StorageError) {
        let advice: String? =
            switch error.code {
            case ENOENT, ENOTDIR: "name the journal's directory with --directory"
            case EACCES: "only the terminal and root may read it: run as root"
            default: nil
            }
        self.init("\(error)", advice)
    }

    init(_ error: AuditError) {
        if case .journal(.storage(let error)) = error {
            self.init(error)
            return
        }
        let advice: String? =
            switch error {
            case .journal(.unknownFormat): "use the yika of that program's version"
            case .journal(.wrongKey): "give that terminal's root key, or none"
            case .journal(.mixedEpochs): "sort them apart first, in a copy"
            default: nil
            }
        self.init("\(error)", advice)
    }
}

struct JournalVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Judge a journal: what is lost, who knows of it, and whether the chain holds.",
        discussion: JournalTools.exitStatuses)

    @OptionGroup var place: JournalPlace

    func run() throws {
        let verdict = try place.audit()
        if place.json { print(try jsonLine(verdict)) } else { verdict.report() }
        try verdict.exit()
    }
}

/// One JSON object on one line, its fields in a stable order.
func jsonLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Rows of a label and its value, the values below each other.
func printTable(_ rows: [(String, String)]) {
    let width = (rows.map(\.0.count).max() ?? 0) + 2
    for (label, value) in rows {
        print(label + String(repeating: " ", count: width - label.count) + value)
    }
}
