public import DataFiles
public import Platform

/// The reader profiles of a directory, and which of them is for a given reader.
public struct ProfileLibrary: Sendable {
    /// The profiles that could be read, by id.
    public let profiles: [ReaderProfile]
    /// What was wrong with the others.
    ///
    /// A bad file takes only itself away.
    public let errors: [DataFileError]

    /// A library of `profiles`.
    public init(profiles: [ReaderProfile], errors: [DataFileError] = []) {
        self.profiles = profiles
        self.errors = errors
    }

    /// Loads every `*.json5` in `directory`, in the order of their names.
    public static func load(directory: String) -> ProfileLibrary {
        let (profiles, errors) = JSON5Folder.load(ReaderProfile.self, directory: directory, id: \.id)
        return ProfileLibrary(profiles: profiles, errors: errors)
    }

    /// The profile called `id`.
    public func profile(id: String) -> ReaderProfile? { profiles.first { $0.id == id } }

    /// A profile and the reason for choosing it, for technicians.
    public struct Match: Hashable, Sendable {
        /// The chosen profile.
        public let profile: ReaderProfile
        /// Why, in a phrase; in English.
        public var why: String { reason.english }
        /// Why, in a phrase.
        public let reason: Text

        /// The match of `profile`, explained by `reason`.
        public init(profile: ReaderProfile, reason: Text) {
            self.profile = profile
            self.reason = reason
        }

        /// The match of `profile`, explained in English alone.
        public init(profile: ReaderProfile, why: String) { self.init(profile: profile, reason: Text(why, why)) }
    }

    /// What the library says of a reader.
    public enum Finding: Hashable, Sendable {
        /// This profile is for it.
        case match(Match)
        /// It is a slot of a known reader that takes no contactless card.
        case otherSlot(Match)
        /// A copy that is known not to work under this profile's USB identity.
        case counterfeit(Match)
        /// No profile, not even a fallback.
        case unknown
    }

    /// The profile for a reader: by its USB device, the most particular pattern first; else by the longest part of its
    /// name; else by the ATR that it reports for a card; else the fallback.
    ///
    /// - Parameters:
    ///   - readerName: the name that pcscd gives it; a hint only, since drivers name the same device differently.
    ///   - usb: the device behind it, where that could be found out.
    ///   - atr: of a card that lies on it.
    public func find(readerName: String, usb: USBDevice? = nil, atr: [UInt8] = []) -> Finding {
        let name = readerName.lowercased()
        if let usb, let copy = counterfeit(usb) { return .counterfeit(copy) }
        guard let match = byUSB(usb) ?? byName(name) ?? byATR(atr) ?? fallback else { return .unknown }
        if let part = match.profile.match.otherSlots.first(where: { name.contains($0.lowercased()) }) {
            return .otherSlot(Match(profile: match.profile, reason: Self.name(contains: part)))
        }
        return .match(match)
    }

    /// The profile for a USB device by its numbers and texts alone: most devices are no readers, so no fallback takes them.
    public func find(usb: USBDevice) -> Finding {
        if let copy = counterfeit(usb) { return .counterfeit(copy) }
        return byUSB(usb).map(Finding.match) ?? .unknown
    }

    /// The profile to speak to a reader with, when there is one; see ``find(readerName:usb:atr:)``.
    public func match(readerName: String, usb: USBDevice? = nil, atr: [UInt8] = []) -> Match? {
        if case .match(let match) = find(readerName: readerName, usb: usb, atr: atr) { match } else { nil }
    }

    private func counterfeit(_ usb: USBDevice) -> Match? {
        for profile in profiles {
            guard let pattern = profile.match.counterfeits.first(where: { $0.surelyFits(usb) }) else { continue }
            return Match(profile: profile, reason: Text("已知的仿品：USB \(pattern)", "a known counterfeit: USB \(pattern)"))
        }
        return nil
    }

    private func byUSB(_ usb: USBDevice?) -> Match? {
        guard let usb else { return nil }
        let fitting = profiles.flatMap { profile in
            profile.match.usb.filter { $0.fits(usb) }.map { (profile: profile, pattern: $0) }
        }
        return fitting.max { $0.pattern.particulars < $1.pattern.particulars }
            .map { Match(profile: $0.profile, reason: Text("USB \($0.pattern)", "USB \($0.pattern)")) }
    }

    private func byName(_ name: String) -> Match? {
        let fitting = profiles.flatMap { profile in
            profile.match.names.filter { name.contains($0.lowercased()) }.map { (profile: profile, part: $0) }
        }
        return fitting.max { $0.part.count < $1.part.count }
            .map { Match(profile: $0.profile, reason: Self.name(contains: $0.part)) }
    }

    private func byATR(_ atr: [UInt8]) -> Match? {
        let fitting = profiles.flatMap { profile in
            profile.match.atrs.filter { atr.starts(with: $0) }.map { (profile: profile, start: $0) }
        }
        return fitting.max { $0.start.count < $1.start.count }
            .map {
                let start = $0.start.hex(separator: " ")
                return Match(
                    profile: $0.profile, reason: Text("ATR 以 \(start) 开头", "the ATR begins with \(start)"))
            }
    }

    private var fallback: Match? {
        profiles.first { $0.match.fallback }
            .map {
                Match(
                    profile: $0,
                    reason: Text(
                        "没有描述文件认识此读卡器，使用兜底的这个",
                        "no profile knows this reader, and this one is the fallback"))
            }
    }

    private static func name(contains part: String) -> Text {
        Text("名称中有“\(part)”", "the name contains '\(part)'")
    }
}
