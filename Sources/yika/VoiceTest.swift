import ArgumentParser
import Glibc
import Platform
import Terminal
import Voice

struct VoiceTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Try the loudspeaker: left, right, and a sweep from low to high.",
        discussion: """
            It also measures what the device takes, and whether it plays as fast as it should. A running daemon may hold \
            the device: stop it first.

            Exit status: 0 everything was played, and in time; 1 not in time, or with breaks; \(VoiceTools.exitStatuses).
            """)

    @OptionGroup var place: VoicePlace

    @Option(help: "The ALSA device; in place of the configuration's.")
    var device: String?

    @Flag(help: "As JSON.")
    var json = false

    private struct Report: Encodable {
        let device: String
        let takes: SoundCapabilities
        let rate: Int
        let playedMilliseconds: Int
        let tookMilliseconds: Int64
        let interruptions: Int
    }

    /// How far the device's clock may be from ours, with the time it takes to begin: a card that is further off stutters.
    private static let lateMilliseconds: Int64 = 250

    func run() throws {
        let setup = try place.setup()
        let output = ALSAOutput(device: device ?? setup?.voice.device ?? "default", control: nil)
        let report: Report
        do throws(SoundError) {
            report = try play(on: output)
        } catch {
            complain("\(error); \(Say.nextStep(error))")
            throw VoiceTools.noSound
        }
        try tell(report)
    }

    private func play(on output: ALSAOutput) throws(SoundError) -> Report {
        let takes = try output.capabilities()
        let format = try output.open(SoundFormat(sampleRate: 48_000, channels: 2))
        defer { output.close() }
        let steps: [(String, TestSignal)] = [
            ("left", TestSignal(sides: [.left])), ("right", TestSignal(sides: [.right])),
            (
                "both, from 100 to 8,000 Hz",
                TestSignal(sides: [.left, .right], from: 100, to: 8_000, milliseconds: 4_000)
            ),
        ]
        let began = SystemTime().now()
        var frames = 0
        for (name, signal) in steps {
            if !json { LineOutput.print("\(output.device): \(name)") }
            let samples = signal.samples(rate: format.sampleRate)
            frames += samples.count / 2
            let period = format.sampleRate / 50 * 2
            for start in stride(from: 0, to: samples.count, by: period) {
                try output.write(samples[start..<min(start + period, samples.count)])
            }
        }
        while try !output.finish(waiting: 20) {}
        return Report(
            device: output.device, takes: takes, rate: format.sampleRate,
            playedMilliseconds: frames * 1_000 / format.sampleRate,
            tookMilliseconds: SystemTime().now().milliseconds(since: began), interruptions: output.takeInterruptions())
    }

    private func tell(_ report: Report) throws {
        let late = report.tookMilliseconds - Int64(report.playedMilliseconds)
        if json {
            print(try jsonLine(report))
        } else {
            printTable([
                (
                    "takes itself",
                    report.takes.rates.map { "\($0)" }.joined(separator: ", ") + " samples/s, channels "
                        + report.takes.channels.map { "\($0)" }.joined(separator: " and ")
                ),
                ("sentences", report.takes.takesSpeech ? "as they are, at its own rate" : "through ALSA's converter"),
                ("played", "\(report.playedMilliseconds) ms at \(report.rate) samples/s"),
                ("it took", "\(report.tookMilliseconds) ms, \(report.interruptions) breaks"),
            ])
        }
        guard abs(late) <= Self.lateMilliseconds, report.interruptions == 0 else {
            complain(
                late < -Self.lateMilliseconds
                    ? "the device takes sound faster than it can be heard: nothing is connected to \(report.device)"
                    : "the sound breaks off or lags; give the box less to do, or try another USB port")
            throw ExitCode(1)
        }
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
