import ArgumentParser
import Glibc
import Platform
import Terminal
import Voice

struct VoiceTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: words("测试音箱：左、右、由低到高扫频。", "Try the loudspeaker: left, right, and a sweep from low to high."),
        discussion: words(
            "同时测出设备能接受什么、播放速度是否正常。守护进程可能占用设备：先停掉它。",
            """
            It also measures what the device takes, and whether it plays as fast as it should. A running daemon may hold \
            the device: stop it first.
            """) + "\n\n"
            + ExitStatus.told(
                (.well, Text("全部按时播完", "everything was played, and in time")),
                (.trouble, Text("没有按时或有中断", "not in time, or with breaks")),
                (.unreachable, Text("声音设备无法使用", "no sound")), also: [.notAllowed, .configuration]))

    @OptionGroup var place: VoicePlace

    @Option(help: hint("ALSA 设备，代替配置中的。", "The ALSA device; in place of the configuration's."))
    var device: String?

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    private struct Report: Encodable {
        let device: String
        let takes: SoundCapabilities
        let rate: Int
        let playedMilliseconds: Int
        let tookMilliseconds: Int64
        let interruptions: Int
        let error: Failure.Particulars?
    }

    /// What was measured.
    private struct Played {
        let takes: SoundCapabilities
        let rate: Int
        let milliseconds: Int
        let tookMilliseconds: Int64
        let interruptions: Int
    }

    /// How far the device's clock may be from ours, with the time it takes to begin: a card that is further off stutters.
    private static let lateMilliseconds: Int64 = 250

    func run() throws {
        let setup = try place.setup()
        let output = ALSAOutput(device: device ?? setup?.voice.device ?? "default", control: nil)
        let played: Played
        do throws(SoundError) {
            played = try play(on: output)
        } catch {
            throw error.complaint
        }
        try tell(played, output.device)
    }

    private func play(on output: ALSAOutput) throws(SoundError) -> Played {
        let takes = try output.capabilities()
        let format = try output.open(SoundFormat(sampleRate: 48_000, channels: 2))
        defer { output.close() }
        let steps: [(String, TestSignal)] = [
            (words("左", "left"), TestSignal(sides: [.left])), (words("右", "right"), TestSignal(sides: [.right])),
            (
                words("左右，100 至 8,000 Hz", "both, from 100 to 8,000 Hz"),
                TestSignal(sides: [.left, .right], from: 100, to: 8_000, milliseconds: 4_000)
            ),
        ]
        let began = SystemTime().now()
        var frames = 0
        for (name, signal) in steps {
            if !json { LineOutput.print("\(output.device)\(words("：", ": "))\(name)") }
            let samples = signal.samples(rate: format.sampleRate)
            frames += samples.count / 2
            let period = format.sampleRate / 50 * 2
            for start in stride(from: 0, to: samples.count, by: period) {
                try output.write(samples[start..<min(start + period, samples.count)])
            }
        }
        while try !output.finish(waiting: 20) {}
        return Played(
            takes: takes, rate: format.sampleRate, milliseconds: frames * 1_000 / format.sampleRate,
            tookMilliseconds: SystemTime().now().milliseconds(since: began), interruptions: output.takeInterruptions())
    }

    private func tell(_ played: Played, _ device: String) throws {
        let complaint = Self.complaint(played, device)
        if json {
            print(
                try jsonLine(
                    Report(
                        device: device, takes: played.takes, rate: played.rate, playedMilliseconds: played.milliseconds,
                        tookMilliseconds: played.tookMilliseconds, interruptions: played.interruptions,
                        error: complaint.map { Failure.Particulars($0) })))
        } else {
            printTable(Self.rows(played))
        }
        if let complaint { throw complaint.afterResult }
    }

    private static func rows(_ played: Played) -> [(String, String)] {
        let rates = list(played.takes.rates.map { "\($0)" })
        let channels = played.takes.channels.map { "\($0)" }.joined(separator: words(" 或 ", " and "))
        return [
            (
                words("设备接受", "takes itself"),
                words("\(rates) 采样/秒，\(channels) 声道", "\(rates) samples/s, channels \(channels)")
            ),
            (
                words("语句播放", "sentences"),
                played.takes.takesSpeech
                    ? words("原样，按自身采样率", "as they are, at its own rate")
                    : words("经 ALSA 转换", "through ALSA's converter")
            ),
            (
                words("已播放", "played"),
                words(
                    "\(played.milliseconds) ms，\(played.rate) 采样/秒",
                    "\(played.milliseconds) ms at \(played.rate) samples/s")
            ),
            (
                words("用时", "it took"),
                words(
                    "\(played.tookMilliseconds) ms，中断 \(played.interruptions) 次",
                    "\(played.tookMilliseconds) ms, \(played.interruptions) breaks")
            ),
        ]
    }

    /// What is wrong with how it was played; `nil` for nothing.
    private static func complaint(_ played: Played, _ device: String) -> Complaint? {
        let late = played.tookMilliseconds - Int64(played.milliseconds)
        if late < -lateMilliseconds {
            return Complaint(
                ComplaintCode.soundUnheard, .trouble,
                problem: Text("设备收声音的速度快得听不到", "the device takes sound faster than it can be heard"),
                nextStep: Text(
                    "没有东西接在 \(device) 上：接好音箱，或用 --device 换一个",
                    "nothing is connected to \(device): connect the speaker, or name another with --device"))
        }
        guard late > lateMilliseconds || played.interruptions > 0 else { return nil }
        return Complaint(
            ComplaintCode.soundBreaks, .trouble, problem: Text("声音中断或滞后", "the sound breaks off or lags"),
            nextStep: Text("减轻本机负担，或换一个 USB 口", "give the box less to do, or try another USB port"))
    }
}

/// A tone that runs from one pitch to another, on one side or both.
struct TestSignal {
    enum Side: Int { case left, right }

    var sides: [Side]
    var from = 440.0
    var to = 440.0
    var milliseconds = 1_000

    /// Left and right interleaved. A sweep spends the same time in every octave.
    func samples(rate: Int) -> [Int16] {
        let count = rate * milliseconds / 1_000
        let (length, ratio) = (Double(milliseconds) / 1_000, to / from)
        var samples = [Int16](repeating: 0, count: 2 * count)
        for index in 0..<count {
            let time = Double(index) / Double(rate)
            let turns = ratio == 1 ? from * time : from * length / log(ratio) * (exp(time / length * log(ratio)) - 1)
            let edge = min(1, Double(min(index, count - index)) / (Double(rate) * 0.01))
            let value = Int16(8_192 * edge * sin(2 * Double.pi * turns))
            for side in sides { samples[2 * index + side.rawValue] = value }
        }
        return samples
    }
}
