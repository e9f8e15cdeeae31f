import Foundation

/// Where the repository's own files are, for tests that read them as the programs do.
public enum Repository {
    /// The repository's top folder.
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The folder `device-profiles`.
    public static let profiles = root + "/device-profiles"
}
