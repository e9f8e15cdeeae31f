import ArgumentParser
import FoundationEssentials
import Platform
import Synchronization
import Terminal
import Voice

/// Says a sentence: the shortest way to know whether a terminal can be heard.
struct Say: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say a sentence or an amount, and tell whether it was heard.",
        discussion: """
            With --config it is the running daemon that speaks, in its turn and as loud as it does; holders come first. \
            Where no daemon runs, or without --config, it is said here.

            Exit status: 0 said to its end; 1 not, and why is told; \(VoiceTools.exitStatuses).
            """)

    /// Longer than a sentence in two languages, with others before it.
    private static let patienceMilliseconds: Int64 = 30_000

    @OptionGroup var place: VoicePlace

    @Option(help: "The ALSA device; in place of the configuration's, and never by the daemon.")
    var device: String?

    @Option(help: "An amount in yuan, as in 12.50, for a sentence with one in it; alone, the amount is said.")
    var amount: String?

    @Option(help: "A number of things, as for --amount.")
    var count: Int?

    @Option(help: "How loud, 0 to 100 %.")
    var volume: Int?

    @Flag(help: "As JSON.")
    var json = false

    @Argument(help: "The sentence's name; `yika voice list` tells them.")
    var id: String?

    private struct Report: Encodable {
        let id: String
        let by: String
        let outcome: String
        let detail: String?
        let milliseconds: Int64
    }

    func validate() throws {
        if id == nil, amount == nil, count == nil {
            throw ValidationError("Name a sentence, or give --amount or --count.")
        }
        if let amount, Fen(yuan: amount) == nil {
            throw ValidationError("--amount: yuan as in 12.50, not '\(amount)'.")
        }
        if let volume, !(0...100).contains(volume) { throw ValidationError("--volume: 0 to 100.") }
    }

    func run() throws {
        let setup = try place.setup()
        let catalogue = try place.catalogue(setup)
        let utterance = Utterance(
            PromptID(rawValue: id ?? (amount != nil ? "amount" : "count")), amount: amount.flatMap { Fen(yuan: $0) },
            count: count)
        guard catalogue[utterance.id] != nil else {
            throw ValidationError("No sentence is called '\(utterance.id)'; `yika voice list` tells them all.")
        }
        let report = try askDaemon(utterance, setup) ?? speakHere(utterance, catalogue, setup)
        if json {
            print(try jsonLine(report))
        } else {
            print("\(report.id): \(report.outcome) by \(report.by) after \(report.milliseconds) ms")
            if let detail = report.detail { complain(detail) }
        }
        if report.outcome != "finished" { throw ExitCode(1) }
    }

    /// `nil`: there is no daemon to ask.
    private func askDaemon(_ utterance: Utterance, _ setup: TerminalSetup?) throws -> Report? {
        guard device == nil, volume == nil, let path = setup?.controlSocket else { return nil }
        var request = ControlRequest("say")
        (request.prompt, request.amountFen, request.count) =
            (utterance.id.rawValue, utterance.amount?.rawValue, utterance.count)
        let began = SystemTime().now()
        var tag: UInt64?
        do throws(ControlQuestionError) {
            let outcome = try ControlQuestion(path: path).ask(request, milliseconds: Self.patienceMilliseconds) {
                line, isAnswer -> String? in
                guard isAnswer else { return Self.outcome(in: line, of: tag) }
                tag = (try? JSONDecoder().decode(SayAnswer.self, from: Data(line)))?.tag
                return tag == nil ? "refused" : nil
            }
            return Report(
                id: utterance.id.rawValue, by: "the daemon", outcome: outcome,
                detail: outcome == "finished" ? nil : "the daemon's log tells why; its catalogue may be another one",
                milliseconds: SystemTime().now().milliseconds(since: began))
        } catch .notThere {
            return nil
        } catch {
            complain("\(path): \(error); stop the daemon, or run as root")
            throw VoiceTools.noSound
        }
    }

    private struct Happened: Decodable {
        let event: String
        let tap: UInt64?
        let what: String?
    }

    private static func outcome(in line: [UInt8], of tag: UInt64?) -> String? {
        guard let happened = try? JSONDecoder().decode(Happened.self, from: Data(line)), happened.event == "prompt",
            happened.tap == tag, let what = happened.what, what != "started", what != "interrupted"
        else { return nil }
        return what
    }

    private func speakHere(
        _ utterance: Utterance, _ catalogue: PromptCatalogue, _ setup: TerminalSetup?
    ) throws -> Report {
        let happened = Mailbox<AnnouncerEvent>()
        var style = SpeakingStyle()
        (style.languages, style.tones) = (setup?.voice.speak ?? .first, setup?.voice.tones ?? true)
        let percent = volume ?? setup?.voice.volume
        style.volume = { percent }
        let device = device ?? setup?.voice.device ?? "default"
        let announcer = Announcer(
            packs: try place.packs(setup), catalogue: catalogue, style: style,
            output: ALSAOutput(device: device, control: setup?.voice.mixer ?? .init()), time: SystemTime()
        ) { happened.send($0) }
        let began = SystemTime().now()
        announcer.say(utterance, .queue)
        let deadline = began.advanced(milliseconds: Self.patienceMilliseconds)
        var trouble: String?
        while let event = happened.receive(until: deadline) {
            switch event {
            case .deviceMissing(let error): trouble = "\(error); \(Self.nextStep(error))"
            case .finished(_, _, let at), .cut(_, _, let at), .dropped(_, _, let at), .failed(_, _, _, let at):
                announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 1_000))
                var outcome = "failed"
                if case .finished = event { outcome = "finished" }
                return Report(
                    id: utterance.id.rawValue, by: device, outcome: outcome, detail: trouble,
                    milliseconds: at.milliseconds(since: began))
            default: continue
            }
        }
        complain("\(device): the sound device does not answer; unplug the speaker and plug it in again")
        throw VoiceTools.noSound
    }

    /// What to do about a device that cannot be used.
    static func nextStep(_ error: SoundError) -> String {
        switch error.code {
        case -16: "another program has the device: stop it, or give --config so that the daemon speaks"
        case -13: "run as root, or as a user of the group audio"
        case -2, -19: "check the speaker's cable, and the name: aplay -L tells those there are"
        default: "check the speaker, and /etc/asound.conf"
        }
    }
}
