public import DataFiles
import FoundationEssentials

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
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            let fault = DataFileError(file: directory, path: "", expected: "a directory that can be read")
            return ProfileLibrary(profiles: [], errors: [fault])
        }
        var profiles: [ReaderProfile] = []
        var errors: [DataFileError] = []
        for name in names.sorted() where name.hasSuffix(".json5") {
            let path = "\(directory)/\(name)"
            do throws(DataFileError) {
                let profile = try JSON5File.decode(ReaderProfile.self, from: path)
                let stem = String(name.dropLast(".json5".count))
                // Messages and configuration name a profile by its id: it must lead to one file.
                guard profile.id == stem else {
                    throw DataFileError(file: path, path: "id", expected: "'\(stem)', the file's name")
                }
                profiles.append(profile)
            } catch {
                errors.append(error)
            }
        }
        return ProfileLibrary(profiles: profiles, errors: errors)
    }

    /// The profile called `id`.
    public func profile(id: String) -> ReaderProfile? { profiles.first { $0.id == id } }

    /// A profile and the reason for choosing it, for technicians.
    public struct Match: Hashable, Sendable {
        /// The chosen profile.
        public let profile: ReaderProfile
        /// Why, in a phrase.
        public let why: String

        /// The match of `profile`, explained by `why`.
        public init(profile: ReaderProfile, why: String) {
            self.profile = profile
            self.why = why
        }
    }

    /// The profile for a reader: by USB identity, else by the longest part of its name, else the fallback.
    ///
    /// - Parameter readerName: the name that pcscd gives it; a hint only, since drivers name the same device
    /// differently.
    public func match(readerName: String, usb: USBIdentity? = nil) -> Match? {
        if let usb, let profile = profiles.first(where: { $0.match.usb.contains(usb) }) {
            return Match(profile: profile, why: "USB \(usb)")
        }
        let name = readerName.lowercased()
        let candidates = profiles.flatMap { profile in
            profile.match.names.filter { name.contains($0.lowercased()) }.map { (profile: profile, part: $0) }
        }
        if let best = candidates.max(by: { $0.part.count < $1.part.count }) {
            return Match(profile: best.profile, why: "the name contains '\(best.part)'")
        }
        guard let fallback = profiles.first(where: { $0.match.fallback }) else { return nil }
        return Match(profile: fallback, why: "no profile knows this reader, and this one is the fallback")
    }
}
