import DataFiles
import FoundationEssentials

/// Where the secrets lie that systemd unseals for the daemon alone (systemd.exec(5), LoadCredentialEncrypted=).
///
/// In the configuration `credentials: "credential:NAME"` stands for the file NAME in `$CREDENTIALS_DIRECTORY`: the disk has
/// them sealed to this box, and only while the daemon runs are they open, to it and to root.
enum SealedCredentials {
    private static let prefix = "credential:"
    /// Where systemd unseals them for the daemon; a technician's tool, started by root, finds them there too.
    private static let ofDaemon = "/run/credentials/yikad.service"

    /// The path that the value `setting` of `credentials` stands for; `nil`: it is a path itself.
    static func place(_ setting: String) -> String? {
        guard let name = name(setting) else { return nil }
        let folder = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"] ?? ofDaemon
        return "\(folder)/\(name)"
    }

    /// The name that systemd unseals by, in the value `setting` of `credentials`; `nil`: it is a path.
    static func name(_ setting: String) -> String? {
        setting.hasPrefix(prefix) ? String(setting.dropFirst(prefix.count)) : nil
    }

    /// Whether the value `setting` of `credentials` in the configuration `file` can be followed.
    ///
    /// - Throws: the place in the file, and what was expected there, when the name is none or systemd has unsealed nothing.
    static func check(_ setting: String, in file: String) throws(DataFileError) {
        guard let place = place(setting), let name = name(setting) else { return }
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            throw DataFileError(
                file: file, path: "credentials", expected: "\(prefix)NAME, a name without folders, or a file's path")
        }
        guard FileManager.default.fileExists(atPath: place) else {
            throw DataFileError(
                file: file, path: "credentials",
                expected: """
                    a file's path, or a name that systemd has unsealed for yikad: `yika enrol` seals, and \
                    LoadCredentialEncrypted=\(name) in the unit unseals (man systemd-creds)
                    """)
        }
    }
}
