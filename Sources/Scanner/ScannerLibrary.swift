public import DataFiles
import FoundationEssentials

/// The scanner profiles of a directory.
public struct ScannerLibrary: Sendable {
    /// The profiles that could be read, by id.
    public let profiles: [ScannerProfile]
    /// What was wrong with the others.
    ///
    /// A bad file takes only itself away.
    public let errors: [DataFileError]

    /// Loads every `*.json5` in `directory`, in the order of their names.
    public static func load(directory: String) -> ScannerLibrary {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            let fault = DataFileError(file: directory, path: "", expected: "a directory that can be read")
            return ScannerLibrary(profiles: [], errors: [fault])
        }
        var profiles: [ScannerProfile] = []
        var errors: [DataFileError] = []
        for name in names.sorted() where name.hasSuffix(".json5") {
            let path = "\(directory)/\(name)"
            do throws(DataFileError) {
                let profile = try JSON5File.decode(ScannerProfile.self, from: path)
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
        return ScannerLibrary(profiles: profiles, errors: errors)
    }

    /// The profile called `id`.
    public func profile(id: String) -> ScannerProfile? { profiles.first { $0.id == id } }
}
