import ArgumentParser
import Journal
import LedgerProtocol

struct JournalDump: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Print a journal's records, then what an audit finds.",
        discussion: """
            With --json one object a line, the fields those of tools/journal-dump; the last line is the audit's. UIDs and \
            account numbers are masked, and payloads that hold them left out, unless --reveal is given.

            \(JournalTools.exitStatuses)
            """)

    @OptionGroup var place: JournalPlace

    @Option(help: "The first sequence to print.")
    var from: UInt64 = 1

    @Option(help: "The last sequence to print.")
    var to: UInt64?

    @Option(
        help: "Only records of this type: intent, outcome, gap, or a number.",
        transform: { text in
            guard let type = RecordText.type(named: text) else {
                throw ValidationError("Expected intent, outcome, gap, or a number from 0 to 255.")
            }
            return type
        })
    var type: RecordType?

    @Flag(help: "Print UIDs, account numbers and payloads in full.")
    var reveal = false

    func validate() throws {
        if let to, to < from { throw ValidationError("--to must not be below --from.") }
    }

    func run() throws {
        var failure: (any Error)?
        let verdict = try place.audit("reading") { record in
            guard (from...(to ?? .max)).contains(record.slot.sequence), type == nil || type == record.slot.type
            else { return }
            let text = RecordText(record, reveal: reveal)
            do {
                print(place.json ? try jsonLine(text) : text.line)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        if place.json { print(try jsonLine(verdict)) } else { verdict.report() }
        try verdict.exit()
    }
}
