import Foundation
import Testing
import Voice

@testable import yika

@Suite("yika voice check")
struct PackReportTests {
    private static let tone = (0..<8_000).map { Int16(3_000 * sin(Double($0) * 0.35)) }

    private func codes(
        _ samples: [Int16] = Self.tone, loudness: Double? = nil, version: Int = 1, stray: Bool = false,
        words: [String] = [], text: String = "x", raw: [UInt8]? = nil
    ) throws -> [String] {
        let folder = try TemporaryFolder()
        try folder.write("a.wav", raw ?? TestPacks.wav(samples))
        if stray { try folder.write("old.wav", TestPacks.wav(samples)) }
        let level = loudness.map { #""loudness": \#($0),"# } ?? ""
        try folder.write(
            "manifest.json",
            """
            {"language": "zh-CN", "name": "n", "speaker": "s", "engine": "e", "licence": "l", "sampleRate": 8000, \(level)
             "catalogueVersion": \(version),
             "sentences": {"a": {"file": "a.wav", "text": "\(text)", "milliseconds": \(samples.count / 8)}}}
            """)
        return PackReport(folder: folder.path, catalogue: TestPacks.catalogue(["a"], words: words)).findings.map(\.code)
    }

    @Test("A pack as it should be has nothing said of it")
    func clean() throws {
        let loudness = try #require(Loudness.of(Self.tone, rate: 8_000))
        #expect(try codes(loudness: loudness) == [])
        #expect(try codes() == [])
    }

    @Test("Each fault is found, and only that")
    func faults() throws {
        let loudness = try #require(Loudness.of(Self.tone, rate: 8_000))
        #expect(try codes(raw: Array("no sound".utf8)) == ["V02"])
        #expect(try codes(words: ["十"]) == ["V03"])
        #expect(try codes(version: 2) == ["V04"])
        #expect(try codes(text: "y") == ["V04"])
        #expect(try codes([.max] + Self.tone) == ["V05"])
        #expect(try codes(loudness: loudness + 3) == ["V06"])
        #expect(try codes(loudness: loudness - 3) == ["V06"])
        #expect(try codes([Int16](repeating: 0, count: 800)) == ["V06"])
        #expect(try codes([Int16](repeating: 0, count: 1_200) + Self.tone) == ["V07"])
        #expect(try codes(stray: true) == ["V09"])
        let empty = try TemporaryFolder()
        #expect(PackReport(folder: empty.path, catalogue: TestPacks.catalogue(["a"])).findings.map(\.code) == ["V01"])
    }

    @Test("The packs in the repository have no faults")
    func shipped() throws {
        let catalogue = try PromptCatalogue(file: "\(ALSAStage.voices)/catalogue.json5")
        for language in ["zh-CN", "en"] {
            let report = PackReport(folder: "\(ALSAStage.voices)/\(language)", catalogue: catalogue)
            #expect(report.findings.map { "\($0.code) \($0.path): \($0.what)" } == [])
        }
    }

    @Test("A sine of full scale is at −3 LUFS, by which every meter is set (EBU Tech 3341)")
    func meter() throws {
        let sine = (0..<48_000).map { Int16(32_767 * sin(2 * Double.pi * 997 * Double($0) / 48_000)) }
        let loudness = try #require(Loudness.of(sine, rate: 48_000))
        #expect(abs(loudness + 3.01) < 0.1)
        #expect(Loudness.of([Int16](repeating: 0, count: 48_000), rate: 48_000) == nil)
    }
}
