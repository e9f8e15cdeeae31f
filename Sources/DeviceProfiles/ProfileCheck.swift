import DataFiles

/// Everything that can be said about a directory of profiles without a reader: each file by itself, the files beside
/// each other, and all of them against the drivers that are installed.
public struct ProfileCheck: Sendable {
    /// What was checked.
    public let library: ProfileLibrary
    /// Against which drivers.
    public let drivers: InstalledDrivers
    /// All that was found: by file, in it the gravest first.
    public let findings: [ProfileFinding]

    private let directory: String

    /// Checks every `*.json5` in `directory`.
    public init(directory: String, drivers: InstalledDrivers) {
        self.init(ProfileLibrary.load(directory: directory), directory: directory, drivers: drivers)
    }

    /// Checks a library that was loaded from `directory`.
    public init(_ library: ProfileLibrary, directory: String, drivers: InstalledDrivers) {
        (self.library, self.directory, self.drivers) = (library, directory, drivers)
        let file = { (profile: ReaderProfile) in "\(directory)/\(profile.id).json5" }
        var findings = library.errors.map {
            ProfileFinding(code: .notLoaded, file: $0.file, path: $0.path, details: [$0.expected])
        }
        for profile in library.profiles {
            findings += ProfileLint.findings(in: profile, file: file(profile))
            findings += drivers.findings(about: profile, file: file(profile))
        }
        findings += LibraryLint.findings(in: library, directory: directory)
        findings += drivers.errors.map {
            ProfileFinding(code: .driverListUnreadable, file: $0.file, path: $0.path, details: [$0.expected])
        }
        self.findings = findings.sorted {
            ($0.file, $0.severity, $0.code.rawValue) < ($1.file, $1.severity, $1.code.rawValue)
        }
    }

    /// What was found in the profile called `id`.
    public func findings(id: String) -> [ProfileFinding] {
        findings.filter { $0.file == "\(directory)/\(id).json5" }
    }

    /// The ids of all files, also of those that could not be read.
    public var ids: [String] {
        let broken = library.errors.compactMap { error -> String? in
            guard error.file.hasPrefix(directory + "/"), error.file.hasSuffix(".json5") else { return nil }
            return String(error.file.dropFirst(directory.count + 1).dropLast(".json5".count))
        }
        return (library.profiles.map(\.id) + broken).sorted()
    }
}

/// Looks at profiles beside each other.
enum LibraryLint {
    static func findings(in library: ProfileLibrary, directory: String) -> [ProfileFinding] {
        var findings: [ProfileFinding] = []
        for (index, profile) in library.profiles.enumerated() {
            let file = "\(directory)/\(profile.id).json5"
            for earlier in library.profiles[..<index] {
                findings += devices(profile, earlier, file)
                findings += names(profile, earlier, file)
            }
            for other in library.profiles where other.id != profile.id {
                findings += partsOfNames(profile, other, file)
            }
        }
        let fallbacks = library.profiles.filter(\.match.fallback)
        for second in fallbacks.dropFirst() {
            let file = "\(directory)/\(second.id).json5"
            findings.append(
                ProfileFinding(
                    code: .secondFallback, file: file, path: "match.fallback", details: [fallbacks[0].id]))
        }
        if fallbacks.isEmpty {
            findings.append(ProfileFinding(code: .noFallback, file: directory, path: "", details: []))
        }
        return findings
    }

    private static func devices(
        _ profile: ReaderProfile, _ earlier: ReaderProfile, _ file: String
    ) -> [ProfileFinding] {
        profile.match.usb.enumerated().compactMap { index, pattern in
            guard earlier.match.usb.contains(where: { $0.ties(with: pattern) }) else { return nil }
            return ProfileFinding(
                code: .sameDevice, file: file, path: "match.usb[\(index)]", details: ["\(pattern)", earlier.id])
        }
    }

    private static func names(
        _ profile: ReaderProfile, _ earlier: ReaderProfile, _ file: String
    ) -> [ProfileFinding] {
        profile.match.names.enumerated().compactMap { index, name in
            guard earlier.match.names.contains(where: { $0.lowercased() == name.lowercased() }) else { return nil }
            return ProfileFinding(
                code: .sameName, file: file, path: "match.names[\(index)]", details: [name, earlier.id])
        }
    }

    private static func partsOfNames(
        _ profile: ReaderProfile, _ other: ReaderProfile, _ file: String
    ) -> [ProfileFinding] {
        profile.match.names.enumerated().flatMap { index, name in
            other.match.names.filter { $0.count > name.count && $0.lowercased().contains(name.lowercased()) }.map {
                ProfileFinding(
                    code: .nameWithinName, file: file, path: "match.names[\(index)]", details: [name, $0, other.id])
            }
        }
    }
}

extension USBPattern {
    /// Whether some device may fit both and neither is the more particular.
    ///
    /// Texts that differ are taken to exclude each other unless one is within the other.
    fileprivate func ties(with other: USBPattern) -> Bool {
        guard identity == other.identity, particulars == other.particulars else { return false }
        if let mine = bcdDevice, let its = other.bcdDevice, !mine.overlaps(its) { return false }
        if let mine = interface, let its = other.interface, mine != its { return false }
        for (mine, its) in [(manufacturer, other.manufacturer), (product, other.product)] {
            if let mine, let its, !mine.contains(its), !its.contains(mine) { return false }
        }
        return true
    }
}
