import DeviceProfiles
import Mifare
import Platform

/// A command as a reader of some profile understands it.
struct ReaderRequest: CustomStringConvertible {
    /// What is to be done.
    let action: Action
    /// The form that the command has; `nil` for signals and unknown ones.
    let pattern: CommandPattern?
    let dialect: ReaderDialect

    /// What a reader can be asked for.
    enum Action {
        case uid
        /// The place is `nil` when the reader has none of that number.
        case loadKey(place: UInt8?, [UInt8])
        case authenticate(block: Int, place: UInt8?, KeyType)
        case read(Range<Int>, BroughtKey?)
        case write(first: Int, [UInt8], BroughtKey?)
        case readValue(block: Int)
        case storeValue(block: Int, Int32)
        case increment(block: Int, Int32)
        case decrement(block: Int, Int32)
        case copyValue(block: Int, target: Int)
        /// A known command that asks for what the reader does not do.
        case impossible
        case signal(SignalCommand)
        case unknown([UInt8])
    }

    /// A key that comes in the command; without a type it is tried as A, then as B.
    struct BroughtKey {
        let bytes: [UInt8]
        let type: KeyType?
    }

    init(_ signal: SignalCommand, _ dialect: ReaderDialect) {
        (action, pattern, self.dialect) = (.signal(signal), nil, dialect)
    }

    init(unknown command: [UInt8], _ dialect: ReaderDialect) {
        (action, pattern, self.dialect) = (.unknown(command), nil, dialect)
    }

    /// The request that `command` makes, which `pattern` matches.
    init(_ command: [UInt8], _ pattern: CommandPattern, _ dialect: ReaderDialect) {
        action = Self.action(command, pattern, dialect.profile) ?? .impossible
        self.pattern = pattern
        self.dialect = dialect
    }

    /// `nil` when it asks for what the reader does not do.
    private static func action(_ command: [UInt8], _ pattern: CommandPattern, _ profile: ReaderProfile) -> Action? {
        let block = Int(pattern.byte(.block, of: command) ?? 0)
        switch pattern.operation {
        case .uid: return .uid
        case .loadKey:
            return pattern.key(of: command).map { .loadKey(place: placeToLoad(command, pattern, profile), $0) }
        case .authenticate:
            guard let (place, type) = placeToUse(command, pattern, profile) else { return nil }
            return .authenticate(block: block, place: place, type)
        case .read: return .read(block..<block + 1, nil)
        case .write: return .write(first: block, pattern.content(of: command), nil)
        case .readBlocks, .readWithKey: return readSeveral(from: block, command, pattern)
        case .writeBlocks, .writeWithKey: return writeSeveral(from: block, command, pattern)
        case .readValue: return .readValue(block: block)
        case .storeValue: return pattern.value(of: command).map { .storeValue(block: block, $0) }
        case .increment: return pattern.value(of: command).map { .increment(block: block, $0) }
        case .decrement: return pattern.value(of: command).map { .decrement(block: block, $0) }
        case .copyValue: return pattern.byte(.target, of: command).map { .copyValue(block: block, target: Int($0)) }
        }
    }

    // MARK: Places of keys

    // A reader whose LOAD KEY names no slot keeps one key per key type; one with neither keeps one key.

    private static func placeToLoad(
        _ command: [UInt8], _ pattern: CommandPattern, _ profile: ReaderProfile
    ) -> UInt8? {
        let type = pattern.byte(.keyType, of: command)
        guard let slot = pattern.byte(.slot, of: command) else { return type ?? 0 }
        let slots = profile.keySlots
        switch type.map(KeyType.init(rawValue:)) {
        case nil: return slots.a.contains(slot) || slots.b.contains(slot) ? slot : nil
        case .some(.a): return slots.a.contains(slot) ? slot : nil
        case .some(.b): return slots.b.contains(slot) ? slot : nil
        case .some(nil): return nil
        }
    }

    /// The place of the key to authenticate with, `nil` for one that the reader does not have, and what it is used as;
    /// nothing at all when the command's key type is none.
    private static func placeToUse(
        _ command: [UInt8], _ pattern: CommandPattern, _ profile: ReaderProfile
    ) -> (place: UInt8?, type: KeyType)? {
        let slots = profile.keySlots
        let slot = pattern.byte(.slot, of: command)
        let type: KeyType
        if let named = pattern.byte(.keyType, of: command) {
            guard let known = KeyType(rawValue: named) else { return nil }
            type = known
        } else {
            type = slot.map(slots.b.contains) ?? false ? .b : .a
        }
        let ours = type == .a ? slots.a : slots.b
        if let slot, !ours.contains(slot) { return (nil, type) }
        let loading = profile.commands.loadKey.fields
        if loading.contains(.slot) { return (slot ?? ours.first, type) }
        return (loading.contains(.keyType) ? type.rawValue : 0, type)
    }

    // MARK: Several blocks

    private static func readSeveral(from block: Int, _ command: [UInt8], _ pattern: CommandPattern) -> Action? {
        var bytes = pattern.byte(.length, of: command).map(Int.init)
        // A short APDU writes 256 as 0 (ISO 7816-4).
        if bytes == 0 { bytes = 256 }
        let all = dataBlocks(from: block)
        // Without a length the reader gives what it can.
        let count = bytes ?? (pattern.counts.last { $0 <= all.count } ?? 0) * ClassicSize.blockLength
        guard let blocks = several(count, all, pattern.counts) else { return nil }
        guard pattern.operation == .readWithKey else { return .read(blocks, nil) }
        return broughtKey(command, pattern).map { .read(blocks, $0) }
    }

    private static func writeSeveral(from block: Int, _ command: [UInt8], _ pattern: CommandPattern) -> Action? {
        let content = pattern.content(of: command)
        let said = pattern.byte(.length, of: command).map(Int.init) ?? content.count
        guard said == content.count, several(said, dataBlocks(from: block), pattern.counts) != nil else { return nil }
        guard pattern.operation == .writeWithKey else { return .write(first: block, content, nil) }
        return broughtKey(command, pattern).map { .write(first: block, content, $0) }
    }

    /// The first blocks of `all` that `bytes` fill; `nil` unless they are whole blocks and one of `counts`.
    private static func several(_ bytes: Int, _ all: Range<Int>, _ counts: [Int]) -> Range<Int>? {
        let (count, rest) = bytes.quotientAndRemainder(dividingBy: ClassicSize.blockLength)
        guard rest == 0, counts.contains(count), count <= all.count else { return nil }
        return all.lowerBound..<all.lowerBound + count
    }

    /// From `block` up to the trailer of its sector.
    private static func dataBlocks(from block: Int) -> Range<Int> {
        block..<ClassicSize.trailer(ofSector: ClassicSize.sector(ofBlock: block))
    }

    /// `nil` when the command's key type is none.
    private static func broughtKey(_ command: [UInt8], _ pattern: CommandPattern) -> BroughtKey? {
        guard let key = pattern.key(of: command) else { return nil }
        guard let named = pattern.byte(.keyType, of: command) else { return BroughtKey(bytes: key, type: nil) }
        return KeyType(rawValue: named).map { BroughtKey(bytes: key, type: $0) }
    }

    // MARK: About it

    /// The blocks that it is to write.
    var written: Range<Int> {
        switch action {
        case .write(let first, let content, _): first..<first + content.count / ClassicSize.blockLength
        case .storeValue(let block, _), .increment(let block, _), .decrement(let block, _): block..<block + 1
        case .copyValue(_, let target): target..<target + 1
        case .uid, .loadKey, .authenticate, .read, .readValue, .impossible, .signal, .unknown: 0..<0
        }
    }

    /// How long the reader takes for it, in milliseconds.
    var latency: Int { pattern?.latency ?? dialect.profile.latency.command }

    /// The command in words.
    ///
    /// A key is left out, and so is what is written: a trailer would show keys.
    var description: String {
        func several(_ blocks: Range<Int>, _ key: BroughtKey?) -> String {
            let range =
                blocks.count == 1 ? "block \(blocks.lowerBound)" : "blocks \(blocks.lowerBound) to \(blocks.last ?? 0)"
            return range + (key == nil ? "" : " with its key")
        }
        switch action {
        case .uid: return "UID"
        case .loadKey(let place, _): return "LOAD KEY slot \(place.map(String.init) ?? "unknown")"
        case .authenticate(let block, let place, let type):
            return "AUTH block \(block) key \(type) slot \(place.map(String.init) ?? "unknown")"
        case .read(let blocks, let key): return "READ \(several(blocks, key))"
        case .write(_, _, let key): return "WRITE \(several(written, key))"
        case .readValue(let block): return "READ VALUE block \(block)"
        case .storeValue(let block, _): return "STORE VALUE block \(block)"
        case .increment(let block, _): return "INCREMENT block \(block)"
        case .decrement(let block, _): return "DECREMENT block \(block)"
        case .copyValue(let block, let target): return "COPY VALUE block \(block) to \(target)"
        case .impossible: return "impossible \(pattern?.operation.rawValue ?? "")"
        case .signal: return "SIGNAL"
        // The bytes of an unknown command may be a key in another dialect: only its header is shown.
        case .unknown(let command): return "unknown \(command.prefix(4).hex(separator: " "))"
        }
    }
}
