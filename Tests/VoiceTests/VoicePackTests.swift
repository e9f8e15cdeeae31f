import DataFiles
import Foundation
import Testing

@testable import Voice

@Suite("Voice packs")
struct VoicePackTests {
    private static let entry = #""a": {"file": "a.wav", "text": "a", "milliseconds": 20}"#

    private func error(_ manifest: String, files: [String: [UInt8]] = [:]) throws -> (DataFileError?, String) {
        let folder = try TemporaryFolder()
        try folder.write("manifest.json", manifest)
        for (name, bytes) in files { try folder.write(name, bytes) }
        do {
            _ = try VoicePack(folder: folder.path)
            return (nil, folder.path)
        } catch {
            return (error, folder.path)
        }
    }

    @Test("A pack's samples are the files' samples")
    func loads() throws {
        let (pack, _) = try TestPacks.pack(["a": 3, "b": 1])
        #expect(pack.sound(.sentence("a")) == TestPacks.samples(0, 480))
        #expect(pack[.sentence("b")]?.milliseconds == 20)
        #expect(pack.missing(from: TestPacks.catalogue(["a", "c"])) == [.sentence("c")])
    }

    @Test("A malformed manifest is named with the path to the value and what was expected there")
    func malformedManifest() throws {
        let good = TestPacks.wav(TestPacks.samples(1, 160))
        let cases: [(String, String, String)] = [
            (TestPacks.manifest(["\"a\": {\"file\": 7}"]), "sentences.a.file", "a text in quotes"),
            (TestPacks.manifest(["\"a\": 3"]), "sentences.a", ""),
            (
                TestPacks.manifest([#""a": {"file": "a.wav", "text": "a"}"#]), "sentences.a.milliseconds",
                "a value; it is missing"
            ),
            (
                TestPacks.manifest([Self.entry.replacingOccurrences(of: "a.wav", with: "../a.wav")]),
                "sentences.a.file", "the name of a file in the same folder"
            ),
            (
                TestPacks.manifest([Self.entry.replacingOccurrences(of: "20}", with: "500}")]),
                "sentences.a.milliseconds", "20, the length of a.wav"
            ),
            (
                TestPacks.manifest([Self.entry.replacingOccurrences(of: "20}", with: "\(Int.min)}")]),
                "sentences.a.milliseconds", "20, the length of a.wav"
            ),
            (
                TestPacks.manifest([Self.entry]).replacingOccurrences(of: "8000", with: "3"), "sampleRate",
                "8000 to 48000 samples per second"
            ),
            ("{", "line 1", ""), ("[]", "", ""), ("", "line 1", ""),
        ]
        for (manifest, path, expected) in cases {
            let (error, folder) = try error(manifest, files: ["a.wav": good])
            #expect(error?.file == "\(folder)/manifest.json")
            #expect(error?.path == path)
            #expect(expected.isEmpty ? error?.expected.isEmpty == false : error?.expected == expected)
        }
    }

    @Test("A malformed sound file is named with the place in it")
    func malformedSound() throws {
        let good = TestPacks.wav(TestPacks.samples(1, 160))
        var stereo = good
        stereo[22] = 2
        let cases: [([UInt8]?, String)] = [
            (nil, ""), (Array("ID3".utf8), "RIFF"), (stereo, "fmt.channels"), (good.dropLast(1), "data"),
            (TestPacks.wav(TestPacks.samples(1, 160), rate: 16_000), "fmt.sampleRate"), (TestPacks.wav([]), "data"),
        ]
        for (bytes, path) in cases {
            let files = bytes.map { ["a.wav": $0] } ?? [:]
            let (error, folder) = try error(TestPacks.manifest([Self.entry]), files: files)
            #expect(error?.file == "\(folder)/a.wav")
            #expect(error?.path == path)
        }
    }

    @Test("No bytes make the WAV reader trap: cut at every length, and with bytes changed")
    func anyBytes() throws {
        let good = TestPacks.wav(TestPacks.samples(3, 200))
        var refused = 0
        for length in 0..<good.count {
            #expect(throws: WAV.Problem.self) { try WAV(Array(good.prefix(length))) }
            refused += 1
        }
        let seed: UInt64 = 0x5EED_0F_501D
        var random = SplitMix(state: seed)
        var accepted = 0
        let tries = 200_000
        for _ in 0..<tries {
            var bytes = Array(good.prefix(Int(random.next() % 512)))
            for _ in 0...(random.next() % 4) where !bytes.isEmpty {
                // Mostly in the header, where a byte steers the reader.
                let index = Int(random.next() % UInt64(min(bytes.count, random.next() % 4 == 0 ? 500 : 48)))
                bytes[index] = UInt8(truncatingIfNeeded: random.next())
            }
            if (try? WAV(bytes)) != nil { accepted += 1 }
        }
        print("WAV: \(refused) truncations refused; \(tries) mutations, \(accepted) readable, seed \(seed)")
        #expect(accepted > 0 && accepted < tries)
    }

    @Test("Unknown chunks are passed over, odd ones with their padding")
    func chunks() throws {
        let good = TestPacks.wav(TestPacks.samples(3, 10))
        let list = Array("LIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0]
        let wav = try WAV(Array(good[..<12]) + list + Array(good[12...]))
        #expect(wav.samples == TestPacks.samples(3, 10))
    }

    @Test("The catalogue refuses a name used twice, with its place")
    func catalogueNames() {
        let entry = #"{id: "a", text: {en: "x"}, mayBeCut: true, whenSaid: ""}"#
        let text = "{version: 1, prompts: [\(entry), /* again */ \(entry),]}"
        let expected = DataFileError(file: "c", path: "prompts[1].id", expected: "a name not used before")
        #expect(throws: expected) { try PromptCatalogue(Array(text.utf8), file: "c") }
    }
}

@Suite("The packs in the repository")
struct ShippedPackTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("device-profiles/voices").path

    @Test("Both packs speak every sentence of the catalogue, in the words of its present version")
    func complete() throws {
        let catalogue = try PromptCatalogue(file: "\(Self.folder)/catalogue.json5")
        #expect(catalogue.entries.count == 39)
        #expect(!catalogue.mayBeCut(.activated))
        for language in ["zh-CN", "en"] {
            let pack = try VoicePack(folder: "\(Self.folder)/\(language)")
            #expect(pack.missing(from: catalogue) == [])
            #expect(pack.about.catalogueVersion == catalogue.version)
            #expect(pack.sampleRate >= 16_000)
            for entry in catalogue.entries {
                let text = try #require(entry.parts(in: language))
                let pieces = text.parts.compactMap { if case .words(let piece) = $0 { piece } else { nil } }
                for (name, piece) in zip(text.names(of: entry.id), pieces) {
                    let spoken = try #require(pack[.sentence(name)]?.text)
                    #expect(spoken.filter(\.isLetter) == piece.filter(\.isLetter))
                }
            }
        }
    }

    @Test("“Activating” ends early enough for “activated” to come 3 to 4 seconds after the tap")
    func activatingIsShort() throws {
        let catalogue = try PromptCatalogue(file: "\(Self.folder)/catalogue.json5")
        let tone = catalogue.tone(of: .activating)?.milliseconds ?? 0
        for language in ["zh-CN", "en"] {
            let pack = try VoicePack(folder: "\(Self.folder)/\(language)")
            #expect(tone + (pack[.sentence("activating")]?.milliseconds ?? 9_999) < 3_300)
        }
    }

    @Test("Every sentence that the code names is in the catalogue")
    func named() throws {
        let catalogue = try PromptCatalogue(file: "\(Self.folder)/catalogue.json5")
        let named: [PromptID] = [
            .activating, .activated, .alreadyActive, .topUpFirst, .tapAgain, .cardRemovedEarly, .noAccount,
            .activeElsewhere, .reportedLost, .unknownCard, .cardUnreadable, .cardDefective, .rosterTooOld,
            .oneCardOnly, .outOfService, .ready, .paid, .moneyBack, .sameCardAgain, .notActivated, .balanceTooLow,
            .overLimit, .needsNetwork, .enterPin, .pinWrong, .codeInvalid, .alreadyPaid, .activationClosed,
            .accountClosed, .cardReplaced, .pinLocked, .pleasePay, .paidAmount, .moneyBackAmount, .balance,
            .smallPurse, .shiftClosed, PromptID(rawValue: "amount"), PromptID(rawValue: "count"),
        ]
        #expect(Set(named) == Set(catalogue.entries.map(\.id)))
    }
}

/// Steele, Lea and Flood's SplitMix64: a small generator with the same numbers everywhere.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
