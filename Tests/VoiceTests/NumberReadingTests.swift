import Foundation
import Platform
import Testing
import Voice

@Suite("Numbers read aloud")
struct NumberReadingTests {
    @Test(
        "Amounts in Mandarin",
        arguments: [
            (0, "零元"), (5, "五分"), (2, "两分"), (10, "一角"), (20, "两角"), (50, "五角"), (55, "五角五分"), (22, "两角两分"),
            (100, "一元"), (200, "两元"), (205, "两元零五分"), (250, "两元五角"), (255, "两元五角五分"), (222, "两元两角两分"),
            (1_000, "十元"), (1_005, "十元零五分"), (1_050, "十元五角"), (1_100, "十一元"), (1_200, "十二元"), (1_250, "十二元五角"),
            (2_000, "二十元"), (2_200, "二十二元"), (2_500, "二十五元"), (9_999, "九十九元九角九分"), (10_000, "一百元"),
            (10_100, "一百零一元"), (10_200, "一百零二元"), (11_000, "一百一十元"), (11_200, "一百一十二元"), (20_000, "两百元"),
            (22_200, "两百二十二元"), (100_000, "一千元"), (100_100, "一千零一元"), (101_000, "一千零一十元"),
            (110_000, "一千一百元"), (200_200, "两千零二元"), (1_000_000, "一万元"), (1_001_000, "一万零一十元"),
            (1_000_100, "一万零一元"), (1_010_000, "一万零一百元"), (1_100_000, "一万一千元"), (2_000_000, "两万元"),
            (2_222_222, "两万两千两百二十二元两角两分"), (9_999_999, "九万九千九百九十九元九角九分"),
        ] as [(Int64, String)])
    func mandarin(fen: Int64, expected: String) {
        #expect(NumberReading.mandarin.words(Fen(fen))?.joined() == expected)
    }

    @Test(
        "Amounts in English",
        arguments: [
            (0, "zero yuan"), (5, "zero point zero five yuan"), (50, "zero point five yuan"), (100, "one yuan"),
            (250, "two point five yuan"), (205, "two point zero five yuan"), (1_000, "ten yuan"),
            (1_100, "eleven yuan"),
            (1_250, "twelve point five yuan"), (1_255, "twelve point five five yuan"), (2_000, "twenty yuan"),
            (2_100, "twenty one yuan"), (10_000, "one hundred yuan"), (10_100, "one hundred one yuan"),
            (11_000, "one hundred ten yuan"), (100_100, "one thousand one yuan"), (1_001_000, "ten thousand ten yuan"),
            (2_000_000, "twenty thousand yuan"),
            (9_999_999, "ninety nine thousand nine hundred ninety nine point nine nine yuan"),
        ] as [(Int64, String)])
    func english(fen: Int64, expected: String) {
        #expect(NumberReading.english.words(Fen(fen))?.joined(separator: " ") == expected)
    }

    @Test(
        "Counts in both languages; in Mandarin two things are 两",
        arguments: [
            (0, "零", "zero"), (1, "一", "one"), (2, "两", "two"), (3, "三", "three"), (10, "十", "ten"),
            (11, "十一", "eleven"),
            (12, "十二", "twelve"), (20, "二十", "twenty"), (22, "二十二", "twenty two"), (100, "一百", "one hundred"),
            (101, "一百零一", "one hundred one"), (110, "一百一十", "one hundred ten"), (200, "两百", "two hundred"),
            (1_001, "一千零一", "one thousand one"), (1_010, "一千零一十", "one thousand ten"),
            (10_010, "一万零一十", "ten thousand ten"), (20_000, "两万", "twenty thousand"),
            (99_999, "九万九千九百九十九", "ninety nine thousand nine hundred ninety nine"),
        ])
    func counts(count: Int, chinese: String, english: String) {
        #expect(NumberReading.mandarin.words(count)?.joined() == chinese)
        #expect(NumberReading.english.words(count)?.joined(separator: " ") == english)
    }

    @Test("What cannot be read is not guessed")
    func bounds() {
        for reading in NumberReading.allCases {
            #expect(reading.words(Fen(-1)) == nil)
            #expect(reading.words(Fen(10_000_000)) == nil)
            #expect(reading.words(-1) == nil)
            #expect(reading.words(100_000) == nil)
        }
        #expect(NumberReading(language: "zh-CN") == .mandarin)
        #expect(NumberReading(language: "en") == .english)
        #expect(NumberReading(language: "fr") == nil)
    }

    /// Reads Mandarin back, by the rules of the language and not by those that it was written with.
    private func value(_ words: [String]) -> Int64? {
        var (total, digit): (Int64, Int64?) = (0, nil)
        var section: Int64 = 0
        let digits = Array("一二三四五六七八九")
        for character in words.joined() {
            switch character {
            case "零": continue
            case "两": digit = 2
            case _ where digits.contains(character): digit = digits.firstIndex(of: character).map { Int64($0 + 1) }
            case "万": (total, section, digit) = ((total + section + (digit ?? 0)) * 10_000, 0, nil)
            case "千": (section, digit) = (section + (digit ?? 1) * 1_000, nil)
            case "百": (section, digit) = (section + (digit ?? 1) * 100, nil)
            case "十": (section, digit) = (section + (digit ?? 1) * 10, nil)
            case "元": (total, section, digit) = ((total + section + (digit ?? 0)) * 100, 0, nil)
            case "角": (total, digit) = (total + (digit ?? 0) * 10, nil)
            case "分": (total, digit) = (total + (digit ?? 0), nil)
            default: return nil
            }
        }
        return total
    }

    @Test(
        "Every amount to 99,999.99 in steps that meet each digit everywhere is read back the same, with words of the catalogue alone"
    )
    func all() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("device-profiles/voices").path
        let catalogue = try PromptCatalogue(file: "\(folder)/catalogue.json5")
        var used: [String: Set<String>] = ["zh-CN": [], "en": []]
        var wrong: [Int64] = []
        var read = 0
        // 37 is prime to 10, so every two digits beside each other come.
        for fen in stride(from: Int64(0), through: 9_999_999, by: 37) {
            read += 1
            let words = try #require(NumberReading.mandarin.words(Fen(fen)))
            if value(words) != fen { wrong.append(fen) }
            used["zh-CN"]?.formUnion(words)
            used["en"]?.formUnion(NumberReading.english.words(Fen(fen)) ?? [])
        }
        for count in 0...99_999 {
            used["zh-CN"]?.formUnion(NumberReading.mandarin.words(count) ?? [])
            used["en"]?.formUnion(NumberReading.english.words(count) ?? [])
        }
        print("numbers: \(read) amounts and 100,000 counts read in two languages, \(wrong.count) wrong")
        #expect(wrong.prefix(5) == [])
        for (language, words) in used {
            let known = Set(catalogue.words[language] ?? [])
            #expect(words.subtracting(known) == [])
            #expect(known.subtracting(words) == [], "words that nobody needs")
        }
    }
}
