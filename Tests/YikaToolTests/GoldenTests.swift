import Foundation
import Glibc
import Platform
import TestSupport
import Testing

@Suite("What the technician's tool prints, word for word")
struct GoldenTests {
    @Test("Each command prints the same as ever in both languages, and under --json only JSON", arguments: Case.all)
    func output(_ item: Case) throws {
        for language in Language.allCases {
            let stage = try Stage()
            try item.prepare(stage)
            let run = try Tool.run(item.arguments, language, stage: stage, input: item.input)
            try Golden.compare(Golden.text(item.arguments, run), with: item.name, language)
            guard item.arguments.contains("--json") else { continue }
            expectOnlyJSON(run, "yika \(item.arguments.joined(separator: " "))")
        }
    }

    @Test("The help of each command is the same as ever in both languages")
    func help() throws {
        let stage = try Stage()
        let commands = try CommandTree.ofTool().paths
        for (path, _) in commands {
            for language in Language.allCases {
                let run = try Tool.run(path + ["--help"], language, stage: stage)
                #expect(run.status == 0)
                try Golden.compare(Golden.text(path + ["--help"], run), with: Self.helpName(path), language)
                guard language == .chinese else { continue }
                for line in run.output.split(separator: "\n") where !line.hasPrefix("  {") {
                    #expect(line.columns <= 80, "\(path): \(line)")
                }
            }
        }
        print("goldens: \(Case.all.count) command lines and the help of \(commands.count) commands, in 2 languages")
    }

    @Test("Each command is run by a golden, and no golden is left over")
    func complete() throws {
        let tree = try CommandTree.ofTool()
        for (path, _) in tree.leaves {
            let isRun = Case.all.contains { $0.arguments.starts(with: path) }
            #expect(
                isRun,
                "no Case runs yika \(path.joined(separator: " ")): write one in Tests/YikaToolTests; then \(Golden.advice)"
            )
        }
        let names = Case.all.map(\.name) + tree.paths.map { Self.helpName($0.path) }
        #expect(Set(names).count == names.count, "two cases of one name")
        let wanted = Set(names.flatMap { name in Language.allCases.map { Golden.fileName(name, $0) } })
        if Golden.isWriting { return }
        #expect(try Golden.files().subtracting(wanted) == [], "remove what no command prints any more")
    }

    @Test("Each command takes --json, and tells of a wrong command line as one JSON object")
    func wrongCommandLines() throws {
        let stage = try Stage()
        for (path, command) in try CommandTree.ofTool().leaves {
            let line = path.joined(separator: " ")
            #expect(command.hasJSON, "yika \(line) has no --json")
            for wrong in [["--no-such-option", "--json"], ["--json", "--no-such-option=1"]] {
                let run = try Tool.run(path + wrong, .chinese, stage: stage)
                #expect(run.status == 64, "yika \(line)")
                expectOnlyJSON(run, "yika \(line)")
                let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
                let error = try #require(object?["error"] as? [String: Any])
                #expect(error["code"] as? String == "usage" && error["exitStatus"] as? Int == 64)
                #expect((error["message"] as? String)?.isEmpty == false)
                #expect((error["nextStep"] as? String)?.isEmpty == false)
            }
            let help = try Tool.run(path + ["--help", "--json"], .chinese, stage: stage)
            #expect(help.status == 0)
            expectOnlyJSON(help, "yika \(line) --help")
        }
    }

    @Test("What packages make of the commands' descriptions is in the language asked for")
    func descriptions() throws {
        let stage = try Stage()
        let chinese = try Tool.run(["--experimental-dump-help"], .chinese, stage: stage)
        #expect(chinese.output.contains("让账务中心认识新终端") && !chinese.output.contains("Show help"))
        #expect(try JSONSerialization.jsonObject(with: Data(chinese.output.utf8)) is [String: Any])
        for shell in ["bash", "zsh", "fish"] {
            let script = try Tool.run(["--generate-completion-script", shell], stage: stage)
            #expect(script.status == 0 && script.output.contains("new-card"), "\(shell)")
            let other = try Tool.run(["--generate-completion-script", shell], .chinese, stage: stage)
            let lines = [script, other].map { $0.output.split(separator: "\n").count }
            #expect(other.status == 0 && lines[0] == lines[1], "\(shell) is not broken up")
        }
    }

    @Test("Colours are for verdicts on a terminal, and refused by NO_COLOR and by a terminal without any")
    func colours() throws {
        let stage = try Stage()
        try stage.layJournal()
        let command = try [Programs.path(of: "yika"), "journal", "verify", "--directory", stage.folder + "/journal"]
        // Not script(1), which ends with its own input and may take the command's last words with it.
        let terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        func run(_ environment: [String: String]) throws -> String {
            // `swift test` sets NO_COLOR where its own output is no terminal; empty, it says nothing (no-color.org).
            let program = try RunningProgram(
                "/usr/bin/python3", ["-c", terminal] + command, name: "terminal-\(UInt32.random(in: 0...UInt32.max))",
                environment: ["TERM": "xterm", "NO_COLOR": ""].merging(environment) { $1 }, folder: stage.folder)
            #expect(program.waitForExit() == 0)
            return program.output
        }
        #expect(try run([:]).contains("status        \u{1B}[32mvalid\u{1B}[0m"))
        #expect(try !run(["NO_COLOR": "1"]).contains("\u{1B}"))
        #expect(try !run(["TERM": "dumb"]).contains("\u{1B}"))
    }

    @Test("Where no configuration is named, the one that packages lay down is meant")
    func usualConfiguration() throws {
        let stage = try Stage()
        let yika = try Programs.path(of: "yika")
        // A name space of its own, with an empty /etc: the machine's is left alone.
        let script = """
            mount -t tmpfs none /etc && mkdir /etc/yika && cp \(stage.folder)/yikad.json5 /etc/yika/ && \
            exec \(yika) sync status
            """
        let program = try RunningProgram(
            "/usr/bin/unshare", [geteuid() == 0 ? "-m" : "-rm", "sh", "-c", script], name: "usual", folder: stage.folder
        )
        #expect(program.waitForExit() == 2)
        #expect(program.errors.contains("/etc/yika/run/control.sock"), "\(program.errors)")
    }

    private static func helpName(_ path: [String]) -> String { (["help"] + path).joined(separator: "-") }

    private func expectOnlyJSON(_ run: Tool.Run, _ command: String) {
        #expect(run.errors.isEmpty, "\(command): \(run.errors)")
        #expect(!run.output.isEmpty, "\(command)")
        for line in run.output.split(separator: "\n") {
            let value = try? JSONSerialization.jsonObject(with: Data(line.utf8))
            #expect(value != nil, "\(command): no JSON: \(line)")
        }
        let isEnglish = !run.output.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) }
        #expect(isEnglish || command.contains("voice") || command.contains("--help"), "\(command): \(run.output)")
    }
}
