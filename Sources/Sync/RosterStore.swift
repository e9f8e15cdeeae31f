public import Crypto
public import Journal
public import LedgerProtocol
import Synchronization

/// The roster that this terminal goes by while the ledger cannot be asked: verified, and kept on disk as signed.
public final class RosterStore: Sendable {
    private static let name = "roster"

    private let storage: any JournalStorage
    private let key: Curve25519.Signing.PublicKey
    private let held = Mutex<Roster?>(nil)

    /// An empty store over `storage`; `key` is the ledger's, which every roster must be signed with.
    public init(storage: any JournalStorage, key: Curve25519.Signing.PublicKey) {
        self.storage = storage
        self.key = key
    }

    /// The roster to go by; `nil` when there is none.
    public var current: Roster? { held.withLock { $0 } }

    /// The version of the roster to go by; 0 when there is none.
    public var version: UInt64 { current?.version ?? 0 }

    /// How old the roster is by the wall clock given, in milliseconds; `nil` when there is none.
    ///
    /// Negative when the clock stands before the roster's issue: then the clock is wrong, and the age unknown.
    public func ageMilliseconds(wallMilliseconds: Int64) -> Int64? {
        current.map { wallMilliseconds - $0.issuedMilliseconds }
    }

    /// Takes up the roster that lies on the disk, if there is one.
    ///
    /// - Throws: ``RosterStoreError`` when it is not to be trusted; the store then stays without.
    public func load() throws(RosterStoreError) {
        let bytes: [UInt8]?
        do throws(StorageError) {
            bytes = try storage.contents(of: Self.name)
        } catch {
            throw .storage(error)
        }
        guard let bytes else { return }
        let roster = try verified(bytes)
        held.withLock { $0 = roster }
    }

    /// Verifies `bytes`, stores them durably as they are, and goes by them from now on.
    ///
    /// An older roster than the one held is refused: an old list would let lost cards activate again.
    @discardableResult
    public func install(_ bytes: [UInt8]) throws(RosterStoreError) -> Roster {
        let roster = try verified(bytes)
        guard roster.version > version else { throw .notNewer(offered: roster.version, held: version) }
        do throws(StorageError) {
            try storage.replace(Self.name, with: bytes)
        } catch {
            throw .storage(error)
        }
        held.withLock { $0 = roster }
        return roster
    }

    private func verified(_ bytes: [UInt8]) throws(RosterStoreError) -> Roster {
        do throws(RosterError) {
            return try Roster(verifying: bytes, with: key)
        } catch {
            throw .roster(error)
        }
    }
}

/// Why a roster was not taken up.
public enum RosterStoreError: Error, Hashable, Sendable {
    /// The bytes are not a roster that the ledger signed.
    case roster(RosterError)
    /// It is not newer than the one held.
    case notNewer(offered: UInt64, held: UInt64)
    /// The disk failed.
    case storage(StorageError)
}
