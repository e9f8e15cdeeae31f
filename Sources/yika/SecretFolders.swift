import Journal
import Terminal

/// The folders that a terminal's secrets are laid into, and whose those are.
struct SecretFolders {
    let state: any JournalStorage
    let credentials: (storage: any JournalStorage, name: String)
    private let setup: TerminalSetup
    private let owner: FileOwner?

    init(_ setup: TerminalSetup) throws(EnrolmentError) {
        self.setup = setup
        owner = FileOwner(of: setup.credentials) ?? FileOwner(of: setup.stateDirectory)
        let (folder, name) = Self.split(setup.credentials)
        do throws(StorageError) {
            state = try FileStorage(directory: setup.stateDirectory)
            credentials = (try FileStorage(directory: folder), name)
        } catch {
            throw .storage(error)
        }
    }

    /// Gives what was laid down to the daemon's user; after a failure, too: it may be all that the daemon waits for.
    func handOver(_ names: [String]) {
        for name in names {
            _ = FileOwner(of: setup.stateDirectory)?.take(setup.stateDirectory + "/" + name)
        }
        _ = owner?.take(setup.credentials)
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
