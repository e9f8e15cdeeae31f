import Crypto
import Platform

/// The link between a record and the one before: 8 bytes of keyed MAC.
public struct ChainMAC: Hashable, Sendable {
    /// Bytes of a chain MAC.
    public static let size = 8

    private let value: UInt64

    /// The MAC with these bytes.
    ///
    /// - Precondition: 8 bytes.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == Self.size, "a chain MAC has 8 bytes")
        value = bytes.integer(at: 0)
    }

    init(_ value: UInt64) { self.value = value }

    /// The MAC's 8 bytes.
    public var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.store(value, at: 0)
        return bytes
    }

    /// What the first record of an epoch is chained to.
    public static let start = ChainMAC(0)
}

/// The terminal's root key: from it come all keys of its journals' chains, and nothing leads back to it.
///
/// The ledger keeps it. The terminal needs it only to begin a journal, or to go on with one whose `head` was lost; left
/// on the box it would undo what moving the keys forward is for. It never prints.
public struct ChainKey: Sendable, CustomStringConvertible {
    fileprivate let key: MACKey

    /// A key of 32 bytes, as the ledger knows it.
    public init(bytes: [UInt8]) { key = MACKey(bytes) }

    /// What it is, in words for a technician.
    public var description: String { "ChainKey(hidden)" }

    /// Names the key without telling it, so that a wrong key is noticed before every record looks forged.
    var identifier: [UInt8] { Array(key.authenticated("yika journal key identifier").prefix(8)) }

    fileprivate func epochKey(_ epoch: UInt32) -> MACKey {
        var suffix = [UInt8](repeating: 0, count: 4)
        suffix.store(epoch, at: 0)
        return MACKey(key.authenticated("yika journal epoch", suffix))
    }

    /// Whether the slot `bytes` (128 of them) was written under this root directly after the record whose MAC is
    /// `previous`.
    ///
    /// Walks from the root to the slot's key step each time: for many records keep a ``ChainKeys``.
    public func verifies(_ bytes: [UInt8], after previous: ChainMAC) -> Bool {
        var keys = ChainKeys(root: self, epoch: Slot.epoch(of: bytes))
        return keys.verifies(bytes, after: previous)
    }
}

/// The keys of one epoch's chain, as far as their holder has them: with the root all of them, without it those from the
/// present step on.
///
/// Step keys are kept at the last step used, so that records verified in order cost nothing extra.
public struct ChainKeys: Sendable, CustomStringConvertible {
    private let root: ChainKey?
    private let epoch: UInt32
    private let gapKey: MACKey
    private var step: UInt32
    private var stepKey: MACKey

    /// All keys of `epoch`, from the root.
    public init(root: ChainKey, epoch: UInt32) {
        let epochKey = root.epochKey(epoch)
        self.root = root
        self.epoch = epoch
        gapKey = MACKey(epochKey.authenticated("yika journal gaps"))
        step = 0
        stepKey = MACKey(epochKey.authenticated("yika journal chain"))
    }

    /// The keys from `step` on, as `head` holds them; with the root the earlier ones too.
    init(step: UInt32, stepKey: [UInt8], gapKey: [UInt8], epoch: UInt32, root: ChainKey?) {
        self.root = root
        self.epoch = epoch
        self.gapKey = MACKey(gapKey)
        self.step = step
        self.stepKey = MACKey(stepKey)
    }

    /// What it is, in words for a technician.
    public var description: String { "ChainKeys(hidden, step \(step))" }

    /// The step whose key is at hand.
    var present: UInt32 { step }
    /// The present step's key, for `head` alone.
    var presentKeyBytes: [UInt8] { stepKey.bytes }
    /// The key of stand-ins, for `head` alone.
    var gapKeyBytes: [UInt8] { gapKey.bytes }

    /// Goes to a step.
    ///
    /// - Returns: false when its key is gone, or so far away that only damage can have named it.
    mutating func move(to target: UInt32) -> Bool {
        guard target < step || target - step <= Self.longestWalk else { return false }
        if target < step {
            guard let root else { return false }
            self = ChainKeys(root: root, epoch: epoch)
        }
        while step < target {
            stepKey = MACKey(stepKey.authenticated("yika journal next key"))
            step += 1
        }
        return true
    }

    /// The MAC of a slot's covered bytes, under the key that its version, its type and its step ask for; `nil` when that
    /// key is gone.
    mutating func mac(of slot: Span<UInt8>, after previous: ChainMAC) -> ChainMAC? {
        key(for: slot)?.mac(of: slot, after: previous)
    }

    private mutating func key(for slot: Span<UInt8>) -> MACKey? {
        let version = slot[Slot.versionOffset]
        if version == 1 { return root?.key }
        if Slot.isStandIn(slot) { return gapKey }
        return move(to: slot.integer(at: Slot.keyStepOffset)) ? stepKey : nil
    }

    /// Steps that are walked at one go at most, about a second: a step every quarter of an hour for thirty years.
    private static let longestWalk: UInt32 = 1 << 20

    /// Whether the slot `bytes` (128 of them) was written in this chain directly after the record whose MAC is
    /// `previous`; false too when its key is gone, see ``canVerify(_:)``.
    public mutating func verifies(_ bytes: [UInt8], after previous: ChainMAC) -> Bool {
        mac(of: bytes.span, after: previous) == Slot.mac(of: bytes)
    }

    /// Whether a record of key step `step` may come after one of `previous`, with `lost` records between them: a writer
    /// goes at most one step forward per record, so that nobody can take a later key to an earlier place.
    public static func allows(step: UInt32, after previous: UInt32, lost: UInt64) -> Bool {
        step >= previous && UInt64(step - previous) <= lost &+ 1
    }

    /// Whether the root itself is at hand.
    var hasRoot: Bool { root != nil }

    /// Whether a slot's step is the present one or a later one.
    func isPresent(_ slot: Span<UInt8>) -> Bool {
        slot[Slot.versionOffset] != 1 && slot.integer(at: Slot.keyStepOffset, as: UInt32.self) >= step
    }

    /// Whether the key of the slot `bytes` is at hand.
    public func canVerify(_ bytes: [UInt8]) -> Bool {
        hasRoot || isPresent(bytes.span) || bytes[Slot.versionOffset] != 1 && Slot.isStandIn(bytes.span)
    }
}

/// A key with HMAC prepared: every MAC starts from a copy, which costs half of starting from the key.
private struct MACKey: Sendable {
    let bytes: [UInt8]
    private let keyed: HMAC<SHA256>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        keyed = HMAC(key: SymmetricKey(data: bytes))
    }

    func authenticated(_ label: String, _ suffix: [UInt8] = []) -> [UInt8] {
        var hmac = keyed
        hmac.update(data: Array(label.utf8) + suffix)
        return Array(hmac.finalize())
    }

    func mac(of slot: Span<UInt8>, after previous: ChainMAC) -> ChainMAC {
        var hmac = keyed
        hmac.update(data: previous.bytes)
        unsafe slot.extracting(..<Slot.macOffset).withUnsafeBytes { unsafe hmac.update(data: $0) }
        return unsafe hmac.finalize().withUnsafeBytes {
            unsafe ChainMAC($0.loadUnaligned(as: UInt64.self).littleEndian)
        }
    }
}
