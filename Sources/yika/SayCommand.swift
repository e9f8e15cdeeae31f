import ArgumentParser
import FoundationEssentials
import Platform
import Synchronization
import Terminal
import Voice

/// Says a sentence: the shortest way to know whether a terminal can be heard.
struct Say: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: words("说一句话或一个金额，并说明是否说完。", "Say a sentence or an amount, and tell whether it was heard."),
        discussion: words(
            "有配置时由运行中的守护进程按次序、按它的音量说，持卡人优先。没有守护进程，或没有配置时，在此直接说。",
            """
            With a configuration it is the running daemon that speaks, in its turn and as loud as it does; holders come \
            first. Where no daemon runs, or without a configuration, it is said here.
            """) + "\n\n"
            + ExitStatus.told(
                (.well, Text("已说完", "said to its end")), (.trouble, Text("没有说完，已说明原因", "not, and why is told")),
                (.unreachable, Text("没有语音、声音设备或守护进程的应答", "no voices, no sound device, or no answer of the daemon")),
                also: [.notAllowed, .configuration]))

    /// Longer than a sentence in two languages, with others before it.
    private static let patienceMilliseconds: Int64 = 30_000

    @OptionGroup var place: VoicePlace

    @Option(
        help: hint(
            "ALSA 设备，代替配置中的；不经守护进程。",
            "The ALSA device; in place of the configuration's, and never by the daemon."))
    var device: String?

    @Option(
        help: hint(
            "金额（元），如 12.50，用于含金额的语句；单独给出则只说金额。",
            "An amount in yuan, as in 12.50, for a sentence with one in it; alone, the amount is said."))
    var amount: String?

    @Option(help: hint("件数，用法同 --amount。", "A number of things, as for --amount."))
    var count: Int?

    @Option(help: hint("音量，0 至 100 %。", "How loud, 0 to 100 %."))
    var volume: Int?

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    @Argument(help: hint("语句名称；yika voice list 列出全部。", "The sentence's name; `yika voice list` tells them."))
    var id: String?

    private struct Report: Encodable {
        let id: String
        /// `the daemon`, or the ALSA device.
        let by: String
        let outcome: String
        let detail: String?
        let milliseconds: Int64
        let error: Failure.Particulars?
    }

    /// What became of it.
    private struct Said {
        /// The ALSA device; `nil`: the daemon said it.
        let device: String?
        let outcome: String
        let milliseconds: Int64
        /// What kept it from being said, where that is known.
        var trouble: SoundError?
    }

    func validate() throws {
        if id == nil, amount == nil, count == nil {
            throw ValidationError(
                words("请给出语句名称，或 --amount、--count。", "Name a sentence, or give --amount or --count."))
        }
        if let amount, Fen(yuan: amount) == nil {
            throw ValidationError(
                words("--amount：应为金额（元），如 12.50，而不是“\(amount)”。", "--amount: yuan as in 12.50, not '\(amount)'."))
        }
        if let volume, !(0...100).contains(volume) {
            throw ValidationError(words("--volume：0 至 100。", "--volume: 0 to 100."))
        }
    }

    func run() throws {
        let setup = try place.setup()
        let catalogue = try place.catalogue(setup)
        let utterance = Utterance(
            PromptID(rawValue: id ?? (amount != nil ? "amount" : "count")), amount: amount.flatMap { Fen(yuan: $0) },
            count: count)
        guard catalogue[utterance.id] != nil else {
            throw Complaint(
                usage: Text("没有名为“\(utterance.id)”的语句", "no sentence is called '\(utterance.id)'"),
                nextStep: Text("执行 yika voice list 查看全部语句", "run yika voice list, which tells them all"))
        }
        let said = try askDaemon(utterance, setup) ?? speakHere(utterance, catalogue, setup)
        let complaint = Self.complaint(said)
        if json {
            print(
                try jsonLine(
                    Report(
                        id: utterance.id.rawValue, by: said.device ?? "the daemon", outcome: said.outcome,
                        detail: complaint.map { "\($0.problem.english); \($0.nextStep.english)" },
                        milliseconds: said.milliseconds, error: complaint.map { Failure.Particulars($0) })))
        } else {
            let (id, outcome, time) = (utterance.id, Self.told(said.outcome), said.milliseconds)
            let by = said.device ?? words("守护进程", "the daemon")
            print(words("\(id)：\(by)，\(outcome)，\(time) ms", "\(id): \(outcome) by \(by) after \(time) ms"))
        }
        if let complaint { throw complaint.afterResult }
    }

    private static func complaint(_ said: Said) -> Complaint? {
        if said.outcome == "finished" { return nil }
        if let trouble = said.trouble {
            return Complaint(ComplaintCode.noSound, .trouble, problem: trouble.text, nextStep: trouble.nextStep)
        }
        return Complaint(
            ComplaintCode.notSaid, .trouble, problem: Text("没有说完", "it was not said to its end"),
            nextStep: said.device == nil
                ? Text(
                    "守护进程的日志有原因：journalctl -u yikad；它的语句目录可能不同",
                    "the daemon's log tells why: journalctl -u yikad; its catalogue may be another one")
                : Text("执行 yika voice check", "run: yika voice check"))
    }

    private static func told(_ outcome: String) -> String {
        switch outcome {
        case "finished": words("已说完", outcome)
        case "failed": words("失败", outcome)
        case "refused": words("被拒绝", outcome)
        case "cut": words("被打断", outcome)
        case "dropped": words("已放弃", outcome)
        default: outcome
        }
    }

    /// `nil`: there is no daemon to ask.
    private func askDaemon(_ utterance: Utterance, _ setup: TerminalSetup?) throws -> Said? {
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
            return Said(
                device: nil, outcome: outcome, milliseconds: SystemTime().now().milliseconds(since: began))
        } catch .notThere {
            return nil
        } catch {
            throw error.complaint(path)
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
    ) throws -> Said {
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
        var trouble: SoundError?
        while let event = happened.receive(until: deadline) {
            switch event {
            case .deviceMissing(let error): trouble = error
            case .finished(_, _, let at), .cut(_, _, let at), .dropped(_, _, let at), .failed(_, _, _, let at):
                announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 1_000))
                var outcome = "failed"
                if case .finished = event { outcome = "finished" }
                return Said(
                    device: device, outcome: outcome, milliseconds: at.milliseconds(since: began), trouble: trouble)
            default: continue
            }
        }
        throw Complaint(
            ComplaintCode.soundHangs, .unreachable,
            problem: Text("声音设备 \(device) 没有响应", "the sound device \(device) does not answer"),
            nextStep: Text("重新插拔音箱", "unplug the speaker and plug it in again"))
    }
}
