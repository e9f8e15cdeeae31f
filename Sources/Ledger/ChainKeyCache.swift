import Journal
import Synchronization

/// The keys of journals at the step that was verified last.
///
/// From the root to where a journal of some years is takes milliseconds, at every upload.
final class ChainKeyCache: Sendable {
    private struct Place: Hashable {
        let terminal: UInt16
        let epoch: UInt32
        /// The root itself, so that a terminal that was given another one is not judged by the old.
        let root: [UInt8]
    }

    /// More journals than a campus has; beyond them the cache begins anew.
    private static let limit = 4096

    private let kept = Mutex<[Place: ChainKeys]>([:])

    func keys(of terminal: RegisteredTerminal, epoch: UInt32) -> ChainKeys {
        kept.withLock { $0[Self.place(terminal, epoch)] } ?? ChainKeys(root: terminal.journalKey, epoch: epoch)
    }

    func keep(_ keys: ChainKeys, of terminal: RegisteredTerminal, epoch: UInt32) {
        kept.withLock { kept in
            if kept.count >= Self.limit { kept = [:] }
            kept[Self.place(terminal, epoch)] = keys
        }
    }

    private static func place(_ terminal: RegisteredTerminal, _ epoch: UInt32) -> Place {
        Place(terminal: terminal.number, epoch: epoch, root: terminal.journalKeyBytes)
    }
}
