public import Crypto
public import Journal
public import LedgerProtocol
import Synchronization

/// The accounts that may activate.
public typealias RosterStore = FeedStore<Roster>
/// What is not to be accepted.
public typealias HotlistStore = FeedStore<Hotlist>
/// What the campus sets for its terminals.
public typealias SettingsStore = FeedStore<SettingsFeed>

/// One feed as this terminal goes by it: every byte verified, and kept on disk as the ledger signed it.
///
/// On disk are a snapshot and the deltas since, each in a file of its own named by its base, replaced at one stroke and
/// synced before the feed goes by it. At a start they are verified and replayed, so nothing there has to be believed;
/// as long as the disk gives back what was synced, no start goes by an older version than the last one installed.
public final class FeedStore<Content: FeedContent>: Sendable {
    private let storage: any JournalStorage
    private let key: Curve25519.Signing.PublicKey
    private let name = Content.kind.rawValue
    private let shelf = Mutex(FeedShelf())
    private let held = Mutex<Content?>(nil)

    /// An empty store over `storage`; `key` is the ledger's, which everything must be signed with.
    public init(storage: any JournalStorage, key: Curve25519.Signing.PublicKey) {
        self.storage = storage
        self.key = key
    }

    /// What to go by; `nil` when there is nothing.
    ///
    /// Of a large feed ask by ``read(_:)``: a copy that is kept makes the next delta double its memory.
    public var current: Content? { held.withLock { $0 } }

    /// The version to go by; 0 when there is none.
    public var version: UInt64 { held.withLock { $0?.version ?? 0 } }

    /// What to ask the ledger for: what leads on from here; 0, a snapshot, when too many deltas have piled up.
    public var since: UInt64 { shelf.withLock { $0.isPiledUp } ? 0 : version }

    /// Looks something up; deltas wait meanwhile.
    public func read<Answer: Sendable>(_ body: (Content?) -> Answer) -> Answer {
        held.withLock { body($0) }
    }

    /// How old it is by the wall clock given, in milliseconds; `nil` when there is none.
    ///
    /// Negative when the clock stands before the issue: then the clock is wrong, and the age unknown.
    public func ageMilliseconds(wallMilliseconds: Int64) -> Int64? {
        held.withLock { $0?.issuedMilliseconds }.map { wallMilliseconds - $0 }
    }

    /// Takes up what lies on the disk: the snapshot, and the deltas after it as far as they lead.
    ///
    /// - Throws: ``FeedStoreError`` when something there is not to be trusted; the store then goes by what came before
    ///   it, or is without.
    public func load() throws(FeedStoreError) {
        try shelf.withLock { (shelf) throws(FeedStoreError) in
            guard let bytes = try contents(of: name) else { return }
            var content = try verified { () throws(FeedError) in try Content(verifying: bytes, with: key) }
            shelf = FeedShelf(snapshotBytes: bytes.count)
            // Whatever is wrong further on, what was sound so far is in force.
            defer { held.withLock { [content] in $0 = content } }
            while let bytes = try contents(of: deltaName(content.version)) {
                try verified { () throws(FeedError) in
                    try content.apply(try Content.Delta(verifying: bytes, with: key))
                }
                shelf.add(bytes.count)
            }
        }
    }

    /// Verifies a snapshot or a delta, stores it durably as it is, and goes by it from now on.
    ///
    /// An older version than the one held is refused: an old list would let lost cards activate again.
    ///
    /// - Returns: the version gone by.
    @discardableResult
    public func install(_ bytes: [UInt8]) throws(FeedStoreError) -> UInt64 {
        try shelf.withLock { (shelf) throws(FeedStoreError) in
            try Content.Delta.isBegun(by: bytes) ? install(delta: bytes, &shelf) : install(snapshot: bytes, &shelf)
        }
    }

    private func install(snapshot bytes: [UInt8], _ shelf: inout FeedShelf) throws(FeedStoreError) -> UInt64 {
        let content = try verified { () throws(FeedError) in try Content(verifying: bytes, with: key) }
        let version = version
        guard content.version > version || (content.version == version && shelf.deltas > 0) else {
            throw .notNewer(offered: content.version, held: version)
        }
        try store(bytes, as: name)
        held.withLock { $0 = content }
        shelf = FeedShelf(snapshotBytes: bytes.count)
        removeDeltas()
        return content.version
    }

    private func install(delta bytes: [UInt8], _ shelf: inout FeedShelf) throws(FeedStoreError) -> UInt64 {
        let delta = try verified { () throws(FeedError) in try Content.Delta(verifying: bytes, with: key) }
        try verified { () throws(FeedError) in
            try held.withLock { (content) throws(FeedError) in
                guard let content else { throw .otherBase(delta.base, held: 0) }
                try content.check(delta)
            }
        }
        try store(bytes, as: deltaName(delta.base))
        // Nobody but this install changes what is held, so what fitted still fits.
        try verified { () throws(FeedError) in
            try held.withLock { (content) throws(FeedError) in try content?.apply(delta) }
        }
        shelf.add(bytes.count)
        return delta.version
    }

    /// What a delta left behind is harmless, since the chain from the snapshot does not lead there; it only takes room.
    private func removeDeltas() {
        guard let names = try? storage.list() else { return }
        for other in names where other.hasPrefix(name + Self.deltaMark) { try? storage.remove(other) }
    }

    private static var deltaMark: String { ".from-" }

    private func deltaName(_ base: UInt64) -> String { name + Self.deltaMark + String(base) }

    private func contents(of name: String) throws(FeedStoreError) -> [UInt8]? {
        do throws(StorageError) { return try storage.contents(of: name) } catch { throw .storage(error) }
    }

    private func store(_ bytes: [UInt8], as name: String) throws(FeedStoreError) {
        do throws(StorageError) { try storage.replace(name, with: bytes) } catch { throw .storage(error) }
    }

    private func verified<Result>(_ body: () throws(FeedError) -> Result) throws(FeedStoreError) -> Result {
        do throws(FeedError) { return try body() } catch { throw .feed(error) }
    }
}

/// What of a feed lies on the disk.
private struct FeedShelf: Sendable {
    /// So many deltas are replayed at a start; then a snapshot is due.
    static let most = 64
    /// Below this many bytes a quarter of the snapshot is nothing.
    static let least = 16 << 10

    var snapshotBytes = 0
    private(set) var deltas = 0
    private var deltaBytes = 0

    init(snapshotBytes: Int = 0) { self.snapshotBytes = snapshotBytes }

    mutating func add(_ bytes: Int) {
        deltas += 1
        deltaBytes += bytes
    }

    var isPiledUp: Bool { deltas > Self.most || deltaBytes > max(snapshotBytes / 4, Self.least) }
}

/// Why a feed was not taken up.
public enum FeedStoreError: Error, Hashable, Sendable {
    /// The bytes are not what the ledger signed, or do not follow on what is held.
    case feed(FeedError)
    /// It is not newer than the one held.
    case notNewer(offered: UInt64, held: UInt64)
    /// The disk failed.
    case storage(StorageError)
}
