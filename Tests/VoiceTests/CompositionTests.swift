import DataFiles
import Glibc
import Platform
import Testing

@testable import Voice

@Suite("Sentences put together")
struct CompositionTests {
    private static let words = ["十", "二元", "五角", "两", "三"]

    private func stage() throws -> (VoicePack, PromptCatalogue) {
        let pack = try TestPacks.pack(["paid-amount/1": 2, "paid": 3, "shift/1": 1, "shift/2": 1], words: Self.words)
            .pack
        let catalogue = TestPacks.catalogue(
            ["paid-amount", "paid", "shift", "amount"],
            texts: ["paid-amount": "付款成功，{amount}。", "shift": "共{count}笔，合计{amount}。", "amount": "{amount}"],
            instead: ["paid-amount": "paid"], words: Self.words)
        return (pack, catalogue)
    }

    @Test("A text is taken apart at its numbers, and what is punctuation alone is left out")
    func texts() {
        #expect(SentenceText("付款成功。")?.isWhole == true)
        #expect(SentenceText("付款成功，{amount}。")?.parts == [.words("付款成功，"), .amount])
        #expect(SentenceText("{amount} is back.")?.parts == [.amount, .words(" is back.")])
        #expect(SentenceText("{count}/{amount}")?.parts == [.count, .amount])
        #expect(
            SentenceText("本班共{count}笔，合计{amount}。")?.names(of: .shiftClosed) == ["shift-closed/1", "shift-closed/2"])
        for broken in ["{", "}", "{sum}", "{amount", "a}b", "{{amount}}"] { #expect(SentenceText(broken) == nil) }
    }

    @Test("Pieces and words come in the order of the language")
    func order() throws {
        let (pack, catalogue) = try stage()
        let paid = Utterance(.paidAmount, amount: Fen(1_250))
        #expect(
            pack.names(for: paid, in: catalogue)
                == [.sentence("paid-amount/1"), .word("十"), .word("二元"), .word("五角")])
        let shift = Utterance(PromptID(rawValue: "shift"), amount: Fen(50), count: 2)
        #expect(
            pack.names(for: shift, in: catalogue)
                == [.sentence("shift/1"), .word("两"), .sentence("shift/2"), .word("五角")])
        let alone = Utterance(PromptID(rawValue: "amount"), amount: Fen(50))
        #expect(pack.names(for: alone, in: catalogue) == [.word("五角")])
    }

    @Test("A number that is not given, cannot be read, or has a word that the pack lacks makes no half sentence")
    func missing() throws {
        let (pack, catalogue) = try stage()
        for amount in [nil, Fen(-1), Fen(10_000_000), Fen(100)] {
            #expect(pack.names(for: Utterance(.paidAmount, amount: amount), in: catalogue) == nil)
        }
        var repertoire = Repertoire(packs: [pack], catalogue: catalogue, languages: .first, tones: false)
        let recital = repertoire.recital(of: Utterance(.paidAmount, amount: Fen(100)), language: nil, abridged: false)
        #expect(recital.passages == [[pack[.sentence("paid")]?.samples ?? []]])
    }

    @Test("A pack without words says so for every sentence that needs them")
    func gaps() throws {
        let (pack, catalogue) = try stage()
        let mute = try TestPacks.pack(["paid-amount/1": 1, "paid": 1], language: "en").pack
        #expect(pack.missing(from: catalogue) == [])
        #expect(mute.missing(from: catalogue).count == 2 + Self.words.count)
        let both = Repertoire(packs: [mute, pack], catalogue: catalogue, languages: .first, tones: false)
        #expect(both.gaps.map(\.id.rawValue) == ["paid-amount", "shift", "amount"])
        #expect(both.gaps.map(\.instead) == ["zh-CN", "zh-CN", "zh-CN"])
        let alone = Repertoire(packs: [mute], catalogue: catalogue, languages: .first, tones: false)
        #expect(alone.gaps.map(\.instead) == [nil, nil, nil])
    }

    @Test("The first language, all of them, or the holder's own")
    func languages() throws {
        let chinese = try TestPacks.pack(["paid": 2]).pack
        let english = try TestPacks.pack(["paid": 3], language: "en", seed: 70).pack
        let catalogue = TestPacks.catalogue(["paid"])
        let (first, second) = ([chinese[.sentence("paid")]?.samples ?? []], [english[.sentence("paid")]?.samples ?? []])
        func passages(_ languages: SpeakingLanguages, _ own: String?) -> [[[Int16]]] {
            var repertoire = Repertoire(
                packs: [chinese, english], catalogue: catalogue, languages: languages, tones: false)
            return repertoire.recital(of: Utterance(.paid), language: own, abridged: false).passages
        }
        #expect(passages(.first, "en") == [first])
        #expect(passages(.all, nil) == [first, second])
        #expect(passages(.holder, "en") == [second])
        #expect(passages(.holder, nil) == [first])
        #expect(passages(.holder, "fr") == [first])
    }

    @Test("A tone comes before the words, stands for words that nobody has, and is all there is of what is abridged")
    func tones() throws {
        let pack = try TestPacks.pack(["a": 2]).pack
        let catalogue = TestPacks.catalogue(["a", "b"], tones: true)
        var repertoire = Repertoire(packs: [pack], catalogue: catalogue, languages: .first, tones: true)
        let tone = catalogue.tone(of: PromptID(rawValue: "a"))?.samples(rate: TestPacks.rate) ?? []
        #expect(tone.count == TestPacks.rate * 40 / 1_000)
        let (a, b) = (Utterance(PromptID(rawValue: "a")), Utterance(PromptID(rawValue: "b")))
        let words = pack[.sentence("a")]?.samples ?? []
        #expect(repertoire.recital(of: a, language: nil, abridged: false) == .init(tone: tone, passages: [[words]]))
        #expect(repertoire.recital(of: a, language: nil, abridged: true) == .init(tone: tone, passages: []))
        #expect(repertoire.recital(of: b, language: nil, abridged: false) == .init(tone: tone, passages: []))
        var quiet = Repertoire(packs: [pack], catalogue: catalogue, languages: .first, tones: false)
        #expect(quiet.recital(of: a, language: nil, abridged: false) == .init(tone: [], passages: [[words]]))
        #expect(quiet.recital(of: b, language: nil, abridged: false) == .init(tone: tone, passages: []))
    }

    @Test("Each sound is brought to the device's rate once, and keeps its length and its level")
    func rates() throws {
        let pack = try TestPacks.pack(["a": 50, "b": 10], words: ["十"]).pack
        var repertoire = Repertoire(
            packs: [pack], catalogue: TestPacks.catalogue(["a", "b"]), languages: .first, tones: false)
        #expect(repertoire.prepareOne() == false)
        repertoire.setRate(48_000)
        var prepared = 0
        while repertoire.prepareOne() { prepared += 1 }
        #expect(prepared == 3)
        let sound = repertoire.recital(of: Utterance(PromptID(rawValue: "a")), language: nil, abridged: false)
        #expect(sound.passages.first?.first?.count == 48_000)
        // 440 Hz at 8,000 samples a second.
        func wave(_ position: Double) -> Double { 10_000 * sin(2 * Double.pi * 440 * position / 8_000) }
        let tone = (0..<8_000).map { Int16(wave(Double($0))) }
        let converted = Resampler.convert(tone, from: 8_000, to: 44_100)
        #expect(converted.count == 44_100)
        // Away from its ends, where the filter rings, the sine is there again at every place between the samples.
        let worst = (4_000..<40_000).map { index in
            abs(Double(converted[index]) - wave(Double(index) * 8_000 / 44_100))
        }.max()
        #expect((worst ?? .infinity) < 30)
    }
}

@Suite("Volume")
struct VolumeTests {
    @Test("The ear's steps: 100 % is as it is, 50 % is 18 dB less, 0 % is silence, and silence stays silence")
    func steps() {
        #expect(Volume.gain(100) == 1)
        #expect(abs(Volume.decibels(50) + 18.06) < 0.01)
        var samples: [Int16] = [.min, -1, 0, 1, .max]
        Volume.apply(Volume.gain(100), to: &samples)
        #expect(samples == [.min, -1, 0, 1, .max])
        Volume.apply(Volume.gain(50), to: &samples)
        #expect(samples == [-4_096, 0, 0, 0, 4_096])
        Volume.apply(Volume.gain(0), to: &samples)
        #expect(samples.allSatisfy { $0 == 0 })
    }
}
