public import Crypto
public import Journal
public import LedgerProtocol

/// All feeds of a terminal, in one folder.
public struct FeedStores: Sendable {
    /// The accounts that may activate.
    public let roster: RosterStore
    /// What is not to be accepted.
    public let hotlist: HotlistStore
    /// What the campus sets for its terminals.
    public let settings: SettingsStore

    /// Empty stores over `storage`; `key` is the ledger's, which everything must be signed with.
    public init(storage: any JournalStorage, key: Curve25519.Signing.PublicKey) {
        roster = RosterStore(storage: storage, key: key)
        hotlist = HotlistStore(storage: storage, key: key)
        settings = SettingsStore(storage: storage, key: key)
    }

    /// Takes up what lies on the disk.
    ///
    /// - Returns: what there was not to be trusted, by feed.
    public func load() -> [(FeedKind, FeedStoreError)] {
        FeedKind.allCases.compactMap { kind in
            do throws(FeedStoreError) {
                try self[kind].load()
                return nil
            } catch {
                return (kind, error)
            }
        }
    }

    subscript(kind: FeedKind) -> any AnyFeedStore {
        switch kind {
        case .roster: roster
        case .hotlist: hotlist
        case .settings: settings
        }
    }
}

/// A ``FeedStore`` of whatever content.
protocol AnyFeedStore: Sendable {
    var version: UInt64 { get }
    var since: UInt64 { get }
    func load() throws(FeedStoreError)
    func install(_ bytes: [UInt8]) throws(FeedStoreError) -> UInt64
}

extension FeedStore: AnyFeedStore {}
