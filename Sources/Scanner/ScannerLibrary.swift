public import DataFiles

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
        let (profiles, errors) = JSON5Folder.load(ScannerProfile.self, directory: directory, id: \.id)
        return ScannerLibrary(profiles: profiles, errors: errors)
    }

    /// The profile called `id`.
    public func profile(id: String) -> ScannerProfile? { profiles.first { $0.id == id } }
}
