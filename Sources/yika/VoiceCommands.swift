import ArgumentParser
import DataFiles
import FoundationEssentials
import Platform
import Terminal
import Voice

/// What can be asked about the voice.
struct VoiceTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "voice",
        abstract: words("列出和检查终端说的语句，测试音箱。", "List and check what the terminal says, and try its loudspeaker."),
        subcommands: [VoiceList.self, VoiceCheck.self, VoiceTest.self])

    /// Commands that read the voices end with it where there are none.
    static let noVoices = (status: ExitStatus.unreachable, meaning: Text("没有语音", "the voices are not there"))
}

/// Where the voices are, and on which device they speak.
struct VoicePlace: ParsableArguments {
    @Option(
        help: hint(
            "终端的配置文件，其中有语音、语言和声音设备；有 \(usualConfiguration) 则默认用它。",
            "The terminal's configuration, which names voices, languages and sound device; \(usualConfiguration) where it is there."
        ))
    var config: String?

    @Option(
        help: hint(
            "含 catalogue.json5 和语音包的目录，代替配置中的。",
            "The folder with catalogue.json5 and the packs; in place of the configuration's."))
    var voices: String?

    /// What the configuration says; `nil` where none was named and there is none in the usual place.
    func setup() throws -> TerminalSetup? { try configurationPath(config).map(loadSetup) }

    func folder(_ setup: TerminalSetup?) -> String {
        voices ?? setup.map { "\($0.profiles)/voices" } ?? installed("device-profiles/voices")
    }

    func catalogue(_ setup: TerminalSetup?) throws -> PromptCatalogue {
        let file = "\(folder(setup))/catalogue.json5"
        do throws(DataFileError) {
            return try PromptCatalogue(file: file)
        } catch {
            throw Complaint(error, option: "--voices")
        }
    }

    /// The packs that the configuration speaks from; without one, all in the folder.
    func packs(_ setup: TerminalSetup?) throws -> [VoicePack] {
        let folder = folder(setup)
        let languages = setup?.voice.languages ?? Self.languages(in: folder)
        return try languages.map { language in
            do throws(DataFileError) {
                return try VoicePack(folder: "\(folder)/\(language)")
            } catch {
                throw Complaint(error, option: "--voices")
            }
        }
    }

    /// The folders that have a manifest, Mandarin first.
    static func languages(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/manifest.json") }
            .sorted { ($0.hasPrefix("zh") ? 0 : 1, $0) < ($1.hasPrefix("zh") ? 0 : 1, $1) }
    }
}

struct VoiceList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: words(
            "列出每条语句：内容、何时说、哪些语音包会说。", "Tell every sentence: its words, when it is said, and who speaks it."),
        discussion: ExitStatus.told(
            (.well, Text("已列出", "told")), VoiceTools.noVoices, also: [.notAllowed, .configuration]))

    @OptionGroup var place: VoicePlace

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    private struct Line: Encodable {
        let id: String
        let text: [String: String]
        let whenSaid: String
        let mayBeCut: Bool
        let tone: String?
        let languages: [String]
        let milliseconds: [String: Int]
    }

    func run() throws {
        let setup = try place.setup()
        let catalogue = try place.catalogue(setup)
        let packs = try place.packs(setup)
        let lines = catalogue.entries.map { entry in
            let whole = packs.compactMap { pack in
                pack[.sentence(entry.id.rawValue)].map { (pack.language, $0.milliseconds) }
            }
            return Line(
                id: entry.id.rawValue, text: entry.text, whenSaid: entry.whenSaid, mayBeCut: entry.mayBeCut,
                tone: entry.tone?.rawValue,
                languages: packs.filter { $0.canSay(entry, of: catalogue) }.map(\.language),
                milliseconds: Dictionary(whole) { first, _ in first })
        }
        if json { return print(try jsonLine(lines)) }
        for line in lines { Self.tell(line) }
        print(
            words(
                "共 \(lines.count) 条语句，目录版本 \(catalogue.version)",
                "\(lines.count) sentences, catalogue version \(catalogue.version)"))
    }

    private static func tell(_ line: Line) {
        let marks = [
            line.tone.map { words("提示音 \($0)", "tone \($0)") }, line.mayBeCut ? nil : words("不可打断", "never cut"),
        ].compactMap(\.self)
        print(line.id + (marks.isEmpty ? "" : words("（\(list(marks))）", "  (\(list(marks)))")))
        for (language, text) in line.text.sorted(by: { $0.key > $1.key }) {
            let length = line.milliseconds[language].map {
                words("  \(Double($0 / 10) / 100) 秒", "  \(Double($0 / 10) / 100) s")
            }
            let spoken = line.languages.contains(language) ? length ?? "" : words("  未录", "  NOT SPOKEN")
            print("    \(language)  \(text)\(spoken)")
        }
        print("    \(line.whenSaid)")
    }
}

struct VoiceCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: words("检查语音包的问题。", "Say what is wrong with the voice packs."),
        discussion: words(
            "每项发现有固定编号。语音包好不好听，由源代码中的 tools/voice/check 检查。",
            "Each finding has a stable code. What a pack sounds like, tools/voice/check of the source tree hears.")
            + "\n\n"
            + ExitStatus.told(
                (.well, Text("没有错误", "no faults")), (.trouble, Text("有错误", "there are some")), VoiceTools.noVoices,
                also: [.notAllowed, .configuration]))

    @OptionGroup var place: VoicePlace

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    @Argument(
        help: hint(
            "语音包目录；不给则用配置或语音目录中的全部。",
            "Folders of packs; all that the configuration or the folder of voices names, when none is given."))
    var packs: [String] = []

    func run() throws {
        let setup = try place.setup()
        let catalogue = try place.catalogue(setup)
        let folder = place.folder(setup)
        let languages = setup?.voice.languages ?? VoicePlace.languages(in: folder)
        let reports = (packs.isEmpty ? languages.map { "\(folder)/\($0)" } : packs).map {
            PackReport(folder: $0, catalogue: catalogue)
        }
        guard !reports.isEmpty else {
            throw Complaint(
                ComplaintCode.unreadable, .unreachable, problem: Text("\(folder) 中没有语音包", "no pack in \(folder)"),
                nextStep: Text("指定语音包，或用 --voices 指定目录", "name one, or the folder with --voices"))
        }
        if json { print(try jsonLine(reports)) } else { reports.forEach { $0.print(Paint()) } }
        if reports.contains(where: { !$0.isClean }) { throw ExitCode(.trouble) }
    }
}
