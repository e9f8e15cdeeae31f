import Platform

/// Looks at one profile for what contradicts itself.
struct ProfileLint {
    let profile: ReaderProfile
    /// The name that findings give.
    let file: String
    var findings: [ProfileFinding] = []

    static func findings(in profile: ReaderProfile, file: String) -> [ProfileFinding] {
        var lint = ProfileLint(profile: profile, file: file)
        lint.lookAtCommands()
        lint.lookAtSignals()
        lint.lookAtStatusWords()
        lint.lookAtKeys()
        lint.lookAtMatch()
        lint.lookAtStatements()
        return lint.findings
    }

    private init(profile: ReaderProfile, file: String) {
        self.profile = profile
        self.file = file
    }

    mutating func add(_ code: ProfileFinding.Code, at path: String, _ details: String...) {
        let finding = ProfileFinding(code: code, file: file, path: path, details: details)
        if !findings.contains(finding) { findings.append(finding) }
    }

    /// Whether the profile says something of this to those who read it.
    ///
    /// A limit of the hardware cannot be mended in its profile; that it is told is all that can be asked for.
    private func tells(_ words: [String]) -> Bool {
        (profile.evidence + profile.quirks).contains { text in words.contains { text.lowercased().contains($0) } }
    }

    private mutating func lookAtStatusWords() {
        let operations = CardOperation.allCases.filter { profile.commands[$0] != nil }
        for meaning in StatusMeaning.allCases where meaning != .ok {
            var suspects: [UInt16: [CardOperation]] = [:]
            for operation in operations {
                for word in profile.statusWords.words(for: meaning, in: operation) {
                    let isOk = profile.statusWords.isWord(word, for: .ok, in: operation)
                    // ISO 7816-4: 9000 is success, 61xx success with more to fetch.
                    if isOk || [0x90, 0x61].contains(word >> 8) { suspects[word, default: []].append(operation) }
                }
            }
            for (word, operations) in suspects.sorted(by: { $0.key < $1.key }) {
                let isOk = operations.contains { profile.statusWords.isWord(word, for: .ok, in: $0) }
                let hex = [UInt8(word >> 8), UInt8(word & 0xFF)].hex().uppercased()
                add(
                    isOk ? .okIsAlsoFailure : .failureLikeSuccess, at: "statusWords.\(meaning.rawValue)", hex,
                    operations.map(\.rawValue).joined(separator: ", "))
            }
        }
    }

    private mutating func lookAtKeys() {
        let (slots, load) = (profile.keySlots, profile.commands.loadKey.fields)
        let authenticate = profile.commands.authenticate.fields
        let isOneEach = slots.a.count == 1 && slots.b.count == 1
        if Set(slots.a + slots.b).count == 1 {
            add(tells(["slot"]) ? .oneSlotTold : .oneSlot, at: "keySlots")
        }
        if profile.keyMemory == .nonVolatile {
            add(tells(["non-volatile", "eeprom"]) ? .nonVolatileTold : .nonVolatile, at: "keyMemory")
        }
        switch (load.contains(.slot), authenticate.contains(.slot)) {
        case (true, true): break
        case (true, false):
            if !(slots.tellKeyTypes && isOneEach) { add(.slotOnlyInLoadKey, at: "commands.authenticate") }
        case (false, true):
            let chosenByType = slots.tellKeyTypes && isOneEach && load.contains(.keyType)
            if !chosenByType { add(.slotOnlyInAuthenticate, at: "commands.loadKey") }
        case (false, false):
            if !isOneEach { add(.slotsWithoutPlace, at: "keySlots") }
        }
    }

    private mutating func lookAtMatch() {
        for (index, copy) in profile.match.counterfeits.enumerated() where copy.particulars == 0 {
            add(.plainCounterfeit, at: "match.counterfeits[\(index)]", "\(copy)")
        }
        for (index, part) in profile.match.otherSlots.enumerated() {
            for name in profile.match.names where name.lowercased().contains(part.lowercased()) {
                add(.readerIsOtherSlot, at: "match.otherSlots[\(index)]", part, name)
            }
        }
    }

    private mutating func lookAtStatements() {
        if profile.verified, profile.support == .shouldWork { add(.verifiedNotSupported, at: "verified") }
        if !profile.verified, profile.support == .supported { add(.supportedNotVerified, at: "verified") }
        var texts = [("title", profile.title)]
        texts += profile.supportReason.map { [("supportReason", $0)] } ?? []
        texts += profile.evidence.enumerated().map { ("evidence[\($0)]", $1) }
        texts += profile.quirks.enumerated().map { ("quirks[\($0)]", $1) }
        for (path, text) in texts {
            if text.allSatisfy(\.isWhitespace) { add(.emptyText, at: path) }
            if text.contains(ProfileSkeleton.toFillIn) { add(.toBeFilledIn, at: path) }
        }
        if profile.latency.command == 0, !profile.drivers.contains(where: { $0.name == .vpcd }) {
            add(.noLatency, at: "latencyMilliseconds")
        }
        if profile.afterAuthFailure == .none, !tells(["afterauthfailure", "refus", "select"]) {
            add(.silentAboutRefusals, at: "afterAuthFailure")
        }
    }
}
