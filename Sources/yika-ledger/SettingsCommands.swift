import ArgumentParser
import FoundationEssentials
import Ledger
import Platform

struct Settings: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What the campus sets for all its terminals.", subcommands: [ShowSettings.self, SetSetting.self])
}

struct ActivationEnd: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell or set when the days of activation end; then only `account late` lets a card through.")

    @Argument(help: "The moment, as 2026-09-07T00:00:00+08:00; never; or nothing, to be told.")
    var moment: String?

    @OptionGroup var books: Books

    func run() throws {
        try reporting {
            let store = try LedgerDatabase.open(books.database, mode: .existing)
            defer { try? store.close() }
            if let moment {
                try ActivationPeriod.setEnd(
                    try Self.milliseconds(moment), in: store, actor: commandLineActor(), time: SystemTime())
            }
            let end = try ActivationPeriod.end(in: store)
            print(end.map { "activation ends \(shown($0))" } ?? "activation does not end")
        }
    }

    private static func milliseconds(_ text: String) throws -> Int64? {
        if text == "never" { return nil }
        guard let date = try? Date(text, strategy: .iso8601) else {
            throw failure("expected a moment such as 2026-09-07T00:00:00+08:00, or never", Status.refused)
        }
        return Int64(date.timeIntervalSince1970 * 1_000)
    }
}

struct ShowSettings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print what is set, as a JSON object.")

    @OptionGroup var books: Books

    func run() throws {
        try reporting {
            let store = try LedgerDatabase.open(books.database, mode: .readOnly)
            print(try CampusSettings(from: store).json)
        }
    }
}

struct SetSetting: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set one value; terminals that are online have it within seconds.")

    @Argument(help: "The setting's name, such as heartbeatMilliseconds.")
    var name: String

    @Argument(help: "Its value in JSON; null leaves it to each terminal again.")
    var value: String

    @OptionGroup var books: Books

    func run() throws {
        try reporting {
            let store = try LedgerDatabase.open(books.database, mode: .existing)
            defer { try? store.close() }
            do {
                try CampusSettings.set(name, json: value, in: store, actor: commandLineActor(), time: SystemTime())
            } catch let error as CampusSettingError {
                throw failure("\(error)", Status.refused)
            }
            print("\(name) is \(value) from the next version of the settings on")
        }
    }
}
