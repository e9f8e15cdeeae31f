import Foundation
import Platform
import TestSupport

/// `yika` as a process, in one of its languages.
enum Tool {
    /// What became of a run.
    struct Run {
        let status: Int32?
        let output: String
        let errors: String
    }

    static func run(
        _ arguments: [String], _ language: Language = .english, stage: Stage, input: String = ""
    ) throws -> Run {
        let paths = [
            ("STAGE", stage.folder), ("REPO", Repository.root), ("LEDGER", stage.ledger?.url ?? "http://127.0.0.1:1"),
        ]
        let arguments = arguments.map { argument in
            paths.reduce(argument) { $0.replacing($1.0, with: $1.1) }
        }
        let program = try RunningProgram(
            Programs.path(of: "yika"), arguments, name: "yika-\(UInt32.random(in: 0...UInt32.max))",
            environment: environment(language).merging([
                "ALSA_CONFIG_PATH": stage.folder + "/asound.conf",
                "PCSCLITE_CSOCK_NAME": stage.folder + "/pcscd/pcscd.comm",
            ]) { $1 },
            input: input, folder: stage.folder)
        let status = program.waitForExit()
        return Run(
            status: status, output: paths.reduce(program.output) { $0.replacing($1.1, with: $1.0) },
            errors: paths.reduce(program.errors) { $0.replacing($1.1, with: $1.0) })
    }

    private static func environment(_ language: Language) -> [String: String] {
        // Empty counts as not set; what is told is as wide as where nobody looks.
        [
            "LC_ALL": "", "LC_MESSAGES": "", "LANG": language == .chinese ? "zh_CN.UTF-8" : "C.UTF-8",
            "COLUMNS": "80", "LINES": "24",
        ]
    }
}

/// A command as its description for other programs (`--experimental-dump-help`) has it.
struct CommandTree: Decodable {
    struct Argument: Decodable {
        struct Name: Decodable { let name: String }
        let names: [Name]?
    }

    private struct Dump: Decodable { let command: CommandTree }

    let commandName: String
    let arguments: [Argument]?
    let subcommands: [CommandTree]?

    /// The tool's own.
    static func ofTool() throws -> CommandTree {
        let run = try Tool.run(["--experimental-dump-help"], stage: Stage())
        return try JSONDecoder().decode(Dump.self, from: Data(run.output.utf8)).command
    }

    /// Every command by its words after `yika`, itself among them; `help` is ArgumentParser's.
    var paths: [(path: [String], command: CommandTree)] {
        [([], self)]
            + (subcommands ?? []).filter { $0.commandName != "help" }.flatMap { command in
                command.paths.map { ([command.commandName] + $0.path, $0.command) }
            }
    }

    /// Those that do something.
    var leaves: [(path: [String], command: CommandTree)] {
        paths.filter { $0.command.subcommands?.filter { $0.commandName != "help" }.isEmpty ?? true }
    }

    var hasJSON: Bool { arguments?.contains { $0.names?.contains { $0.name == "json" } ?? false } ?? false }
}
