import DataFiles

/// Where the secrets lie that systemd unseals for the daemon alone (systemd.exec(5), LoadCredentialEncrypted=).
///
/// In the configuration `credentials: "credential:NAME"` stands for the file NAME in `$CREDENTIALS_DIRECTORY`: the disk has
/// them sealed to this box, and nobody but the daemon, while it runs, has them open.
enum SealedCredentials {
    /// What such a setting begins with.
    static let prefix = "credential:"

    /// The path that the value `setting` of `credentials` in the configuration `file` stands for; `nil`: it is a path itself.
    ///
    /// - Throws: the place in the file, and what was expected there, when the name is none or systemd has unsealed nothing.
    static func path(
        _ setting: String, in file: String, environment: [String: String]
    ) throws(DataFileError) -> String? {
        guard setting.hasPrefix(prefix) else { return nil }
        let name = setting.dropFirst(prefix.count)
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            throw DataFileError(
                file: file, path: "credentials", expected: "\(prefix)NAME, a name without folders, or a file's path")
        }
        guard let folder = environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty else {
            throw DataFileError(
                file: file, path: "credentials",
                expected: """
                    a file's path, as systemd has unsealed nothing here; in yikad.service, \
                    LoadCredentialEncrypted=\(name) does (man systemd-creds)
                    """)
        }
        return "\(folder)/\(name)"
    }
}
