import ArgumentParser
import Glibc
import Measuring
import Platform
import Voice

/// Speaks for `tools/measure/voice.py`, which listens: one line of JSON for each sound, with when it was asked for.
@main struct MeasureVoice: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "measure-voice", abstract: "Speaks to be measured.")

    @Option(help: "The device that keeps time.") var device = "paced"
    @Option(help: "A device whose writes do not return.") var hanging = "hanging"
    @Option(help: "The folder with the catalogue and the packs.") var voices = "device-profiles/voices"
    @Option(help: "How often each is said.") var rounds = 30

    /// The listener takes what is nearer than a quarter of a second for one sound.
    private static let pauseMilliseconds: Int64 = 400
    private static let patienceMilliseconds: Int64 = 15_000

    func run() throws {
        ProcessMemory.keepLittle()
        let before = Self.resident()
        let pack = try VoicePack(folder: "\(voices)/zh-CN")
        let after = Self.resident()
        let samples = try pack.names.reduce(0) { try $0 + (pack.samples(of: $1)?.count ?? 0) }
        print(#"{"what": "pack", "bytes": \#(samples * 2), "resident": \#(max(0, after - before))}"#)
        let catalogue = try PromptCatalogue(file: "\(voices)/catalogue.json5")
        try speakBare(pack)
        try speakAgain(pack, catalogue)
        try speakFirst(pack, catalogue)
        try askWhileHanging(pack, catalogue)
    }

    private static func tell(_ what: String, at: Int64, _ more: String = "") {
        print(#"{"what": "\#(what)", "at": \#(at)\#(more)}"#)
        fflush(nil)
    }

    /// The floor: the same device, open, and nothing of ours between.
    private func speakBare(_ pack: VoicePack) throws {
        let output = ALSAOutput(device: device, control: nil)
        let format = SoundFormat(sampleRate: pack.sampleRate)
        let sound = try pack.samples(of: .sentence("paid"))?.drop { $0 == 0 } ?? []
        for _ in 0..<rounds {
            _ = try output.open(format)
            let at = nanoseconds()
            try output.write(sound)
            while try !output.finish(waiting: 20) {}
            output.drop()
            Self.tell("bare", at: at)
            SystemTime().sleep(milliseconds: Self.pauseMilliseconds)
        }
        output.close()
    }

    /// On the device as it is all day: open.
    private func speakAgain(_ pack: VoicePack, _ catalogue: PromptCatalogue) throws {
        let speech = Speech(device, pack, catalogue)
        SystemTime().sleep(milliseconds: Self.pauseMilliseconds)
        for round in 0..<rounds {
            try speech.say(Utterance(.paid), "open")
            let amount = Fen(Int64(round * 337_337 % 9_999_999))
            try speech.say(Utterance(.paidAmount, amount: amount), "composed", length: speech.length(of: amount))
        }
        let (began, spent) = (nanoseconds(), processorNanoseconds())
        try speech.say(Utterance(.activating), "long")
        let share = Double(processorNanoseconds() - spent) / Double(nanoseconds() - began)
        print(#"{"what": "processor", "share": \#(share)}"#)
        speech.stop()
    }

    /// On a device that nobody has opened yet.
    private func speakFirst(_ pack: VoicePack, _ catalogue: PromptCatalogue) throws {
        for _ in 0..<rounds {
            let speech = Speech(device, pack, catalogue)
            try speech.say(Utterance(.paid), "first")
            speech.stop()
        }
    }

    /// What it costs whoever works on a card to ask for a sentence, while the device is well and while it hangs.
    private func askWhileHanging(_ pack: VoicePack, _ catalogue: PromptCatalogue) throws {
        for (name, device) in [("well", "null"), ("hanging", hanging)] {
            let speech = Speech(device, pack, catalogue)
            speech.announcer.say(.ready, .queue)
            SystemTime().sleep(milliseconds: 500)
            var times: [Double] = []
            for _ in 0..<5_000 {
                times.append(
                    microseconds { speech.announcer.say(Utterance(.paidAmount, amount: Fen(1_250)), .preempt) })
                SystemTime().sleep(milliseconds: 0)
            }
            print(#"{"what": "ask-\#(name)", "median": \#(times.median), "most": \#(times.quantile(0.999))}"#)
            if device == "null" { speech.stop() }
        }
    }

    /// Bytes of memory that are the process's now.
    private static func resident() -> Int {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard unsafe fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    private func processorNanoseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// An announcer whose sentences are waited for.
    private struct Speech {
        let announcer: Announcer
        private let events = Mailbox<AnnouncerEvent>()
        private let pack: VoicePack
        private let catalogue: PromptCatalogue

        init(_ device: String, _ pack: VoicePack, _ catalogue: PromptCatalogue) {
            (self.pack, self.catalogue) = (pack, catalogue)
            let events = events
            announcer = Announcer(
                packs: [pack], catalogue: catalogue, output: ALSAOutput(device: device, control: nil),
                time: SystemTime()
            ) { events.send($0) }
        }

        func say(_ utterance: Utterance, _ what: String, length: Int? = nil) throws {
            let at = nanoseconds()
            announcer.say(utterance, .queue)
            let limit = SystemTime().now().advanced(milliseconds: MeasureVoice.patienceMilliseconds)
            var interruptions = 0
            while true {
                guard let event = events.receive(until: limit) else { throw Failure("\(utterance.id) never ended") }
                if case .interrupted(_, _, let times, _) = event { interruptions = times }
                if case .failed(_, _, let error, _) = event { throw Failure("\(utterance.id): \(error)") }
                if case .finished = event { break }
            }
            let sound = length.map { #", "length": \#($0), "rate": \#(pack.sampleRate)"# } ?? ""
            MeasureVoice.tell(what, at: at, #", "interruptions": \#(interruptions)\#(sound)"#)
            SystemTime().sleep(milliseconds: MeasureVoice.pauseMilliseconds)
        }

        /// From the first sample that is heard of it to the last.
        func length(of amount: Fen) -> Int? {
            let tone = catalogue.tone(of: .paidAmount)?.samples(rate: pack.sampleRate) ?? []
            let names = pack.names(for: Utterance(.paidAmount, amount: amount), in: catalogue) ?? []
            let all = tone + names.flatMap { (try? pack.samples(of: $0)) ?? [] }
            guard let first = all.firstIndex(where: { $0 != 0 }), let last = all.lastIndex(where: { $0 != 0 }) else {
                return nil
            }
            return last - first + 1
        }

        func stop() { announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 2_000)) }
    }
}
