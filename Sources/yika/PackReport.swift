import DataFiles
import FoundationEssentials
import Voice

/// What is wrong with a voice pack, by what it holds and what the catalogue asks for.
struct PackReport: Encodable {
    /// One thing that is wrong.
    struct Finding: Encodable {
        /// The stable code.
        let code: String
        /// Where: a sentence, a word, a file.
        let path: String
        /// What is wrong there.
        let what: String
        /// What to do about it.
        let nextStep: String
        /// Whether it has to be mended; otherwise it is for somebody to decide.
        let isFault: Bool
    }

    /// How far a sentence, and a word of a quarter of a second, may be from the loudness that the pack says it was made to.
    private static let tolerance = (sentence: 1.5, word: 3.5)
    /// Close enough to full scale that more was there before it was cut off.
    private static let clipped: Int16 = 32_700
    /// The first sound after a card is due within 100 ms; silence before it comes on top.
    private static let leadMilliseconds = 120
    /// “Activated” follows 3 to 4 s after the tap.
    private static let activatingMilliseconds = 3_300
    private static let again = "speak it anew: tools/voice/make, or record it"

    let folder: String
    private(set) var language: String?
    private(set) var speaker: String?
    private(set) var sounds = 0
    private(set) var milliseconds = 0
    private(set) var findings: [Finding] = []

    var isClean: Bool { !findings.contains(where: \.isFault) }

    init(folder: String, catalogue: PromptCatalogue) {
        self.folder = folder
        let manifest: PackManifest
        do throws(DataFileError) {
            manifest = try PackManifest(folder: folder)
        } catch {
            add("V01", error.path, error.description, "correct the manifest")
            return
        }
        language = manifest.language
        speaker = manifest.speaker
        var found: Set<VoicePack.Name> = []
        for (name, entry, path) in manifest.files {
            found.insert(name)
            sounds += 1
            do throws(DataFileError) {
                look(at: try manifest.samples(of: entry, at: path, in: folder), name, manifest)
            } catch {
                add("V02", path, error.description, Self.again)
            }
        }
        compare(manifest, found, with: catalogue)
        lookForStrays(manifest)
    }

    private mutating func add(_ code: String, _ path: String, _ what: String, _ nextStep: String, fault: Bool = true) {
        findings.append(Finding(code: code, path: path, what: what, nextStep: nextStep, isFault: fault))
    }

    private mutating func look(at samples: [Int16], _ name: VoicePack.Name, _ manifest: PackManifest) {
        milliseconds += samples.count * 1_000 / manifest.sampleRate
        let path = name.path
        let full = samples.count { $0 >= Self.clipped || $0 <= -Self.clipped }
        if full > 0 { add("V05", path, "clipped: \(full) samples at full scale", Self.again) }
        guard let loudest = samples.lazy.map(\.magnitude).max(), loudest > 0 else {
            return add("V06", path, "silent", Self.again)
        }
        // What is 42 dB below the loudest moment is silence.
        let lead = samples.firstIndex { Int($0.magnitude) * 128 > Int(loudest) } ?? 0
        if lead * 1_000 / manifest.sampleRate > Self.leadMilliseconds {
            add("V07", path, "begins with \(lead * 1_000 / manifest.sampleRate) ms of silence", "cut the silence off")
        }
        guard let wanted = manifest.loudness, let loudness = Loudness.of(samples, rate: manifest.sampleRate) else {
            return
        }
        let allowed = name.isWord ? Self.tolerance.word : Self.tolerance.sentence
        if abs(loudness - wanted) > allowed {
            let text = "\((loudness * 10).rounded() / 10) LUFS, not \(wanted)"
            add("V06", path, loudness < wanted ? "too quiet: \(text)" : "too loud: \(text)", Self.again)
        }
    }

    private mutating func compare(
        _ manifest: PackManifest, _ found: Set<VoicePack.Name>, with catalogue: PromptCatalogue
    ) {
        if manifest.catalogueVersion != catalogue.version {
            add(
                "V04", "catalogueVersion",
                "spoken for version \(manifest.catalogueVersion) of the catalogue, which is now \(catalogue.version)",
                "tools/voice/make")
        }
        for entry in catalogue.entries {
            let text = entry.parts(in: manifest.language) ?? SentenceText(entry.id.rawValue)
            for name in text?.names(of: entry.id) ?? [] where !found.contains(.sentence(name)) {
                add("V03", "sentences.\(name)", "missing; another language or a tone stands in for it", Self.again)
            }
            if let said = manifest.sentences[entry.id.rawValue]?.text, let wanted = entry.text[manifest.language],
                said != wanted
            {
                add("V04", "sentences.\(entry.id)", "says “\(said)”, not “\(wanted)”", Self.again)
            }
        }
        for word in catalogue.words[manifest.language] ?? [] where !found.contains(.word(word)) {
            add("V03", "words.\(word)", "missing; no number is read in this language without it", Self.again)
        }
        let lead = catalogue.tone(of: .activating)?.milliseconds ?? 0
        if let activating = manifest.sentences["activating"],
            lead + activating.milliseconds > Self.activatingMilliseconds
        {
            add(
                "V08", "sentences.activating",
                "\(lead + activating.milliseconds) ms with its tone: “activated” comes late",
                "speak it faster, in at most \(Self.activatingMilliseconds - lead) ms")
        }
    }

    private mutating func lookForStrays(_ manifest: PackManifest) {
        let named = Set(manifest.files.map(\.entry.file))
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for file in files.sorted() where file.hasSuffix(".wav") && !named.contains(file) {
            add("V09", file, "is named by no sentence", "remove the file, or name it in the manifest", fault: false)
        }
    }

    func print(_ paint: Paint) {
        let length = "\(milliseconds / 1_000) s"
        Swift.print(
            "\(folder): \(language ?? "unreadable")\(speaker.map { ", \($0)" } ?? ""), \(sounds) sounds, \(length)")
        for finding in findings {
            let mark = paint.text(finding.code, as: finding.isFault ? .red : .yellow)
            Swift.print("  \(mark) \(finding.path): \(finding.what)\n      next: \(finding.nextStep)")
        }
        Swift.print(isClean ? paint.text("  no faults", as: .green) : "  \(findings.count(where: \.isFault)) faults")
    }
}

extension VoicePack.Name {
    fileprivate var path: String {
        switch self {
        case .sentence(let name): "sentences.\(name)"
        case .word(let word): "words.\(word)"
        }
    }

    fileprivate var isWord: Bool { if case .word = self { true } else { false } }
}
