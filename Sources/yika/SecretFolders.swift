import Journal
import Terminal

/// The folders that a terminal's secrets are laid into, and whose those are.
struct SecretFolders {
    let credentials: CredentialsPlace
    private let setup: TerminalSetup
    private let path: String
    private let owner: FileOwner?

    /// The credentials' file: sealed where the configuration has a name for them, else as it says.
    static func path(of setup: TerminalSetup) -> String {
        setup.sealedName.map { "\(SystemdSealing.folder)/\($0)" } ?? setup.credentials
    }

    init(_ setup: TerminalSetup) throws(EnrolmentError) {
        self.setup = setup
        path = Self.path(of: setup)
        // What is sealed is for systemd to open, and nobody else's.
        owner = setup.sealedName == nil ? FileOwner(of: path) ?? FileOwner(of: setup.stateDirectory) : nil
        let (folder, name) = Self.split(path)
        do throws(StorageError) {
            credentials = CredentialsPlace(
                storage: try FileStorage(directory: folder), name: name,
                sealing: setup.sealedName == nil ? nil : SystemdSealing())
        } catch {
            throw .storage(error)
        }
    }

    /// The state folder. Who renews what is sealed cannot enter it, being a root without its capabilities
    /// (`systemd/examples/renewal.conf`).
    func state() throws(EnrolmentError) -> any JournalStorage {
        do throws(StorageError) {
            return try FileStorage(directory: setup.stateDirectory)
        } catch {
            throw .storage(error)
        }
    }

    /// Gives what was laid down to the daemon's user; after a failure, too: it may be all that the daemon waits for.
    func handOver() {
        for name in Enrolment.stateFiles {
            _ = FileOwner(of: setup.stateDirectory)?.take(setup.stateDirectory + "/" + name)
        }
        let next = Self.split(path).folder + "/" + credentials.nextName
        for path in [path, next] { _ = owner?.take(path) }
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
