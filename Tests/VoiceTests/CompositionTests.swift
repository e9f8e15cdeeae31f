import DataFiles
import Glibc
import Platform
import Testing

@testable import Voice

@Suite("The shelf of sounds")
struct SoundShelfTests {
    private func label(_ name: String, pack: Int = 0) -> SoundShelf.Label {
        SoundShelf.Label(pack: pack, name: .sentence(name))
    }

    @Test("What was said last is kept, and what was said longest ago makes room")
    func order() {
        var shelf = SoundShelf()
        let third = [Int16](repeating: 1, count: 40_000)
        for name in ["a", "b", "c"] { shelf.put(third, label(name)) }
        #expect(shelf.take(label("a")) == third)
        #expect(shelf.take(label("a", pack: 1)) == nil)
        shelf.put([2], label("d"))
        #expect(shelf.take(label("b")) == nil)
        for name in ["a", "c", "d"] { #expect(shelf.take(label(name)) != nil) }
    }

    @Test("A sound that is too long for the shelf throws nothing off it")
    func tooLong() {
        var shelf = SoundShelf()
        shelf.put([1], label("a"))
        shelf.put([Int16](repeating: 2, count: 120_001), label("b"))
        #expect(shelf.take(label("a")) == [1])
        #expect(shelf.take(label("b")) == nil)
    }

    @Test("Whatever is said, it never holds more than five seconds at 24,000 samples a second")
    func bounded() {
        var shelf = SoundShelf()
        var names: [String] = []
        for round in 0..<200 {
            names.append("\(round)")
            shelf.put([Int16](repeating: 0, count: round * 7_919 % 50_000), label(names[round]))
            let held = names.reduce(0) { $0 + (shelf.take(label($1))?.count ?? 0) }
            #expect(held <= 120_000)
        }
    }
}

@Suite("Sentences put together")
struct CompositionTests {
    private static let words = ["十", "二元", "五角", "两", "三"]

    private func sound(_ pack: VoicePack, _ id: String) -> SoundStream.Sound {
        SoundStream.Sound(samples: pack.sound(.sentence(id)), rate: TestPacks.rate)
    }

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
        #expect(recital.passages == [[sound(pack, "paid")]])
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
        let (first, second) = ([sound(chinese, "paid")], [sound(english, "paid")])
        func passages(_ languages: SpeakingLanguages, _ own: String?) -> [[SoundStream.Sound]] {
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
        let words = sound(pack, "a")
        #expect(repertoire.recital(of: a, language: nil, abridged: false) == .init(tone: tone, passages: [[words]]))
        #expect(repertoire.recital(of: a, language: nil, abridged: true) == .init(tone: tone, passages: []))
        #expect(repertoire.recital(of: b, language: nil, abridged: false) == .init(tone: tone, passages: []))
        var quiet = Repertoire(packs: [pack], catalogue: catalogue, languages: .first, tones: false)
        #expect(quiet.recital(of: a, language: nil, abridged: false) == .init(tone: [], passages: [[words]]))
        #expect(quiet.recital(of: b, language: nil, abridged: false) == .init(tone: tone, passages: []))
    }

    @Test("A sound is brought to the device's rate as it is played, and keeps its length and its level")
    func rates() throws {
        // 440 Hz at 8,000 samples a second.
        func wave(_ position: Double) -> Double { 10_000 * sin(2 * Double.pi * 440 * position / 8_000) }
        let tone = (0..<8_000).map { Int16(wave(Double($0))) }
        let converted = TestPacks.converted(tone, to: 44_100)
        #expect(TestPacks.converted(tone, to: 44_100, period: 44_100) == converted)
        let both = TestPacks.converted([tone, tone], to: 44_100)
        #expect(both == converted + converted)
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
