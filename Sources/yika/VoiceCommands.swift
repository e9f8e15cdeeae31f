import ArgumentParser
import DataFiles
import FoundationEssentials
import Terminal
import Voice

/// What can be asked about the voice.
struct VoiceTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "voice", abstract: "List and check what the terminal says, and try its loudspeaker.",
        subcommands: [VoiceList.self, VoiceCheck.self, VoiceTest.self])

    static let exitStatuses =
        "64 for a wrong command line, 66 the voices are not there, 69 no sound, 78 a file of theirs is malformed"
    static let noInput = ExitCode(66)
    static let noSound = ExitCode(69)
    static let malformed = ExitCode(78)
}

/// Where the voices are, and on which device they speak.
struct VoicePlace: ParsableArguments {
    @Option(help: "The terminal's configuration, which names voices, languages and sound device.")
    var config: String?

    @Option(help: "The folder with catalogue.json5 and the packs; in place of the configuration's.")
    var voices: String?

    func setup() throws -> TerminalSetup? { try config.map(loadSetup) }

    func folder(_ setup: TerminalSetup?) -> String {
        voices ?? setup.map { "\($0.profiles)/voices" } ?? "device-profiles/voices"
    }

    func catalogue(_ setup: TerminalSetup?) throws -> PromptCatalogue {
        let file = "\(folder(setup))/catalogue.json5"
        do throws(DataFileError) {
            return try PromptCatalogue(file: file)
        } catch {
            throw Self.failure(error)
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
                throw Self.failure(error)
            }
        }
    }

    /// The folders that have a manifest, Mandarin first.
    static func languages(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/manifest.json") }
            .sorted { ($0.hasPrefix("zh") ? 0 : 1, $0) < ($1.hasPrefix("zh") ? 0 : 1, $1) }
    }

    static func failure(_ error: DataFileError) -> ExitCode {
        let isThere = FileManager.default.fileExists(atPath: error.file)
        complain("\(error); \(isThere ? "correct the file there" : "name the folder with --voices or --config")")
        return isThere ? VoiceTools.malformed : VoiceTools.noInput
    }
}

struct VoiceList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Tell every sentence: its words, when it is said, and who speaks it.",
        discussion: "Exit status: 0 told; \(VoiceTools.exitStatuses).")

    @OptionGroup var place: VoicePlace

    @Flag(help: "As JSON.")
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
        for line in lines {
            let marks = [line.tone.map { "tone \($0)" }, line.mayBeCut ? nil : "never cut"].compactMap(\.self)
            print(line.id + (marks.isEmpty ? "" : "  (\(marks.joined(separator: ", ")))"))
            for (language, text) in line.text.sorted(by: { $0.key > $1.key }) {
                let length = line.milliseconds[language].map { "  \(Double($0 / 10) / 100) s" } ?? ""
                print("    \(language)  \(text)\(line.languages.contains(language) ? length : "  NOT SPOKEN")")
            }
            print("    \(line.whenSaid)")
        }
        print("\(lines.count) sentences, catalogue version \(catalogue.version)")
    }
}

struct VoiceCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with the voice packs.",
        discussion: """
            Each finding has a stable code. What a pack sounds like, tools/voice/check of the source tree hears.

            Exit status: 0 no faults, 1 there are some; \(VoiceTools.exitStatuses).
            """)

    @OptionGroup var place: VoicePlace

    @Flag(help: "As JSON.")
    var json = false

    @Argument(help: "Folders of packs; all that the configuration or the folder of voices names, when none is given.")
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
            complain("no pack in \(folder); name one, or the folder with --voices")
            throw VoiceTools.noInput
        }
        if json { print(try jsonLine(reports)) } else { reports.forEach { $0.print(Paint()) } }
        if reports.contains(where: { !$0.isClean }) { throw ExitCode(1) }
    }
}
