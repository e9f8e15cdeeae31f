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
    private static let again = words(
        "用 tools/voice/make 重新生成，或重新录制", "speak it anew: tools/voice/make, or record it")

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
            add("V01", error.path, error.text.here, words("改正清单文件", "correct the manifest"))
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
                add("V02", path, error.text.here, Self.again)
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
        if full > 0 {
            add("V05", path, words("削波：\(full) 个样点达到满幅", "clipped: \(full) samples at full scale"), Self.again)
        }
        guard let loudest = samples.lazy.map(\.magnitude).max(), loudest > 0 else {
            return add("V06", path, words("没有声音", "silent"), Self.again)
        }
        // What is 42 dB below the loudest moment is silence.
        let lead = samples.firstIndex { Int($0.magnitude) * 128 > Int(loudest) } ?? 0
        if lead * 1_000 / manifest.sampleRate > Self.leadMilliseconds {
            let silence = lead * 1_000 / manifest.sampleRate
            add(
                "V07", path, words("开头有 \(silence) ms 静音", "begins with \(silence) ms of silence"),
                words("剪掉静音", "cut the silence off"))
        }
        guard let wanted = manifest.loudness, let loudness = Loudness.of(samples, rate: manifest.sampleRate) else {
            return
        }
        let allowed = name.isWord ? Self.tolerance.word : Self.tolerance.sentence
        if abs(loudness - wanted) > allowed {
            let measured = (loudness * 10).rounded() / 10
            let what =
                loudness < wanted
                ? words("太轻：\(measured) LUFS，应为 \(wanted)", "too quiet: \(measured) LUFS, not \(wanted)")
                : words("太响：\(measured) LUFS，应为 \(wanted)", "too loud: \(measured) LUFS, not \(wanted)")
            add("V06", path, what, Self.again)
        }
    }

    private mutating func compare(
        _ manifest: PackManifest, _ found: Set<VoicePack.Name>, with catalogue: PromptCatalogue
    ) {
        if manifest.catalogueVersion != catalogue.version {
            add(
                "V04", "catalogueVersion",
                words(
                    "按目录第 \(manifest.catalogueVersion) 版录制，现为第 \(catalogue.version) 版",
                    "spoken for version \(manifest.catalogueVersion) of the catalogue, which is now \(catalogue.version)"
                ),
                "tools/voice/make")
        }
        for entry in catalogue.entries {
            let text = entry.parts(in: manifest.language) ?? SentenceText(entry.id.rawValue)
            for name in text?.names(of: entry.id) ?? [] where !found.contains(.sentence(name)) {
                add(
                    "V03", "sentences.\(name)",
                    words("缺少；改用另一种语言或提示音", "missing; another language or a tone stands in for it"), Self.again)
            }
            if let said = manifest.sentences[entry.id.rawValue]?.text, let wanted = entry.text[manifest.language],
                said != wanted
            {
                add(
                    "V04", "sentences.\(entry.id)",
                    words("说的是“\(said)”，应为“\(wanted)”", "says “\(said)”, not “\(wanted)”"), Self.again)
            }
        }
        for word in catalogue.words[manifest.language] ?? [] where !found.contains(.word(word)) {
            add(
                "V03", "words.\(word)",
                words("缺少；没有它，此语言读不了数字", "missing; no number is read in this language without it"), Self.again)
        }
        let lead = catalogue.tone(of: .activating)?.milliseconds ?? 0
        if let activating = manifest.sentences["activating"],
            lead + activating.milliseconds > Self.activatingMilliseconds
        {
            let (length, most) = (lead + activating.milliseconds, Self.activatingMilliseconds - lead)
            add(
                "V08", "sentences.activating",
                words(
                    "连提示音 \(length) ms：“卡片激活成功”会晚",
                    "\(length) ms with its tone: “activated” comes late"),
                words("说快些，最多 \(most) ms", "speak it faster, in at most \(most) ms"))
        }
    }

    private mutating func lookForStrays(_ manifest: PackManifest) {
        let named = Set(manifest.files.map(\.entry.file))
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for file in files.sorted() where file.hasSuffix(".wav") && !named.contains(file) {
            add(
                "V09", file, words("没有语句用到它", "is named by no sentence"),
                words("删除该文件，或写进清单", "remove the file, or name it in the manifest"), fault: false)
        }
    }

    func print(_ paint: Paint) {
        let seconds = milliseconds / 1_000
        let whose = list([language ?? words("读不了", "unreadable"), speaker].compactMap(\.self))
        let extent = words("\(sounds) 段声音，\(seconds) 秒", "\(sounds) sounds, \(seconds) s")
        Swift.print(words("\(folder)：\(whose)，\(extent)", "\(folder): \(whose), \(extent)"))
        for finding in findings {
            let mark = paint.text(finding.code, as: finding.isFault ? .red : .yellow)
            Swift.print("  \(mark) \(finding.path)\(words("：", ": "))\(finding.what)")
            Swift.print("      \(words("下一步：", "next: "))\(finding.nextStep)")
        }
        let faults = findings.count(where: \.isFault)
        Swift.print(
            "  "
                + (isClean
                    ? paint.text(words("没有错误", "no faults"), as: .green)
                    : paint.text(words("\(faults) 个错误", "\(faults) faults"), as: .red)))
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
