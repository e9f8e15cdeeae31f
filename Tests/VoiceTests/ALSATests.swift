import Foundation
import Platform
import Testing
import Voice

/// Against the real libasound, with its `file` plugin as the loudspeaker.
@Suite("ALSA")
struct ALSATests {
    private static var folder: String { ALSAStage.folder }

    private func samples(of name: String) throws -> [Int16] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
        // The header's sizes are right only after the plugin was closed properly, so they are checked first.
        let size = Int(bytes[40]) | Int(bytes[41]) << 8 | Int(bytes[42]) << 16
        #expect(size == bytes.count - 44)
        return stride(from: 44, to: bytes.count - 1, by: 2).map { index in
            Int16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8)
        }
    }

    /// Where the capture and what was to be played part; `nil` when they are the same.
    ///
    /// A failed `==` would set out to list every differing sample of a hundred thousand.
    private func firstDifference(_ name: String, _ expected: [Int16]) throws -> String? {
        let captured = try samples(of: name)
        if captured == expected { return nil }
        let index = zip(captured, expected).enumerated().first { pair in pair.element.0 != pair.element.1 }?.offset
        return "\(captured.count) of \(expected.count) samples, first difference at \(index ?? -1)"
    }

    private func announcer(_ pack: VoicePack, on device: String, _ events: Events) -> Announcer {
        _ = Self.folder
        let ids = pack.names.compactMap { if case .sentence(let id) = $0 { id } else { nil } }.sorted()
        return Announcer(
            packs: [pack], catalogue: TestPacks.catalogue(ids), output: ALSAOutput(device: device), time: SystemTime(),
            events: events.note)
    }

    private func end(_ announcer: Announcer) -> Bool {
        announcer.stop(deadline: SystemTime().now().advanced(milliseconds: 10_000))
    }

    @Test("Two queued sentences are captured in order, sample for sample")
    func twoInOrder() throws {
        let pack = try TestPacks.pack(["a": 60, "b": 3]).pack
        let events = Events()
        let announcer = announcer(pack, on: "yikaone", events)
        announcer.say(PromptID(rawValue: "a"), .queue)
        announcer.say(PromptID(rawValue: "b"), .queue)
        #expect(events.next(4) == ["started a 0", "finished a 0", "started b 0", "finished b 0"])
        #expect(end(announcer))
        let expected = ["a", "b"].flatMap { id in pack.sound(.sentence(id)) }
        #expect(try firstDifference("yikaone.wav", expected) == nil)
    }

    @Test("The shipped Mandarin sentences come out of ALSA as they are in the pack")
    func shippedSentences() throws {
        let pack = try VoicePack(folder: "\(ALSAStage.voices)/zh-CN")
        let events = Events()
        let announcer = announcer(pack, on: "yikatwo", events)
        announcer.say(.activating, .preempt)
        announcer.say(.activated, .queue)
        #expect(events.next(4).last == "finished activated 0")
        #expect(end(announcer))
        let expected = [PromptID.activating, .activated].flatMap { id in pack.sound(.sentence(id.rawValue)) }
        #expect(try firstDifference("yikatwo.wav", expected) == nil)
    }

    @Test("A payment's amount comes out of ALSA as tone, piece and words of the pack, without a sample between them")
    func composedAmount() throws {
        let voices = ALSAStage.voices
        let catalogue = try PromptCatalogue(file: "\(voices)/catalogue.json5")
        let pack = try VoicePack(folder: "\(voices)/zh-CN")
        let events = Events()
        _ = Self.folder
        let announcer = Announcer(
            packs: [pack], catalogue: catalogue, output: ALSAOutput(device: "yikathree"), time: SystemTime(),
            events: events.note)
        announcer.say(Utterance(.paidAmount, amount: Fen(1_250)), .queue)
        #expect(events.next(2).last == "finished paid-amount 0")
        #expect(end(announcer))
        let names: [VoicePack.Name] = [.sentence("paid-amount/1"), .word("十"), .word("二元"), .word("五角")]
        let words = names.flatMap { pack.sound($0) }
        let tone = catalogue.tone(of: .paidAmount)?.samples(rate: pack.sampleRate) ?? []
        #expect(try firstDifference("yikathree.wav", tone + words) == nil)
    }

    @Test("A device that takes no plain 16-bit samples is opened behind ALSA's converter")
    func converted() throws {
        _ = Self.folder
        let output = ALSAOutput(device: "yikalaw")  // It wants µ-law, and gives 16 bits to its file again.
        let sound = TestPacks.samples(1, 1_000)
        _ = try output.open(SoundFormat(sampleRate: TestPacks.rate))
        try output.write(sound[...])
        while try !output.finish(waiting: 20) {}
        output.close()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/yikalaw.raw")))
        #expect(bytes.count == 2 * sound.count)
        let largest = zip(sound, stride(from: 0, to: bytes.count - 1, by: 2)).map { sample, index in
            abs(Int(sample) - Int(Int16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8)))
        }.max()
        #expect((largest ?? .max) < 1_024)  // µ-law's coarsest step.
    }

    @Test("A device that no configuration names is an error with call, code, meaning and device")
    func noDevice() {
        _ = Self.folder
        let expected = SoundError(
            call: "snd_pcm_open", code: -2, meaning: "No such file or directory", device: "yikanowhere")
        #expect(throws: expected) {
            try ALSAOutput(device: "yikanowhere").open(SoundFormat(sampleRate: 24_000))
        }
        let closed = ALSAOutput(device: "yikaone")
        #expect(throws: SoundError.self) { try closed.write([1, 2, 3]) }
    }

    @Test("A device that cannot be opened at first is a condition, and is found again by a later sentence")
    func missingThenBack() throws {
        let pack = try TestPacks.pack(["a": 10]).pack
        let events = Events()
        let announcer = announcer(pack, on: "yikalater", events)
        announcer.say(PromptID(rawValue: "a"), .queue, tag: 1)
        #expect(events.next(2) == ["missing -2", "failed a 1"])
        // libasound reads its configuration again when the file's time has changed.
        let configuration = URL(fileURLWithPath: "\(Self.folder)/asound.conf")
        let definition = """
            pcm.yikalater { type file slave.pcm null file "\(Self.folder)/yikalater.wav" format "wav" }

            """
        try (Data(contentsOf: configuration) + Data(definition.utf8)).write(to: configuration, options: .atomic)
        announcer.say(PromptID(rawValue: "a"), .queue, tag: 2)
        #expect(events.next(3) == ["back", "started a 2", "finished a 2"])
        #expect(end(announcer))
        let expected = pack.sound(.sentence("a"))
        #expect(try firstDifference("yikalater.wav", expected) == nil)
    }
}
