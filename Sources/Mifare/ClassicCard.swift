public import DeviceProfiles
public import Platform
public import SmartCard

/// A MIFARE Classic in the field of a reader, spoken to in that reader's dialect.
///
/// It spends as few commands as it can: a key is loaded once while its slot holds it, a sector is authenticated once
/// while it stays authenticated. After a refusal a Classic is silent until it is selected again; that is done before
/// the next command, with a look whether it is still the same card. Used from one thread.
public final class ClassicCard {
    /// What went over the wire, for timelines.
    ///
    /// It never holds key bytes.
    public struct Exchange: Hashable, Sendable {
        /// What was asked, as in `authenticate sector 4 with key A`.
        public let what: String
        /// The status word, or `nil` when no answer came.
        public let status: UInt16?
        /// How long it took, in milliseconds; `nil` without a clock.
        public let milliseconds: Double?
    }

    /// The card's size.
    public let size: ClassicSize
    /// The sectors that may be written; all others are other systems'.
    public let writableSectors: Set<Int>
    /// The UID, once the card was selected.
    public private(set) var uid: CardUID?
    /// Commands sent so far.
    public private(set) var apduCount = 0
    /// Called after every command.
    public var onExchange: ((Exchange) -> Void)?

    private let transport: any CardTransport
    private let dialect: ReaderProfile
    private let clock: (any TimeSource)?
    private var slots: [LoadedKey?]
    private var nextSlot = 0
    private var session: Session?
    private var isSilent = false

    private struct Session: Equatable {
        let sector: Int
        let key: SectorKey
        let type: KeyType
    }

    /// A key in a slot.
    ///
    /// The type counts only for readers that choose the place by it.
    private struct LoadedKey: Equatable {
        let key: SectorKey
        let type: KeyType?
    }

    /// A session with the card behind `transport`.
    ///
    /// - Parameters:
    ///   - clock: measures the commands for ``onExchange``.
    public init(
        transport: any CardTransport, dialect: ReaderProfile, writableSectors: Set<Int>, size: ClassicSize,
        clock: (any TimeSource)? = nil
    ) {
        self.transport = transport
        self.dialect = dialect
        self.writableSectors = writableSectors
        self.size = size
        self.clock = clock
        slots = [LoadedKey?](repeating: nil, count: dialect.keySlots.a.count)
    }

    // MARK: Selecting

    /// Asks for the UID.
    @discardableResult
    public func selectUID() throws(ClassicError) -> CardUID {
        try wake()
        return try readUID()
    }

    /// Selects the card again and makes sure that it is the same.
    @discardableResult
    public func reselect() throws(ClassicError) -> CardUID {
        session = nil
        isSilent = true
        do throws(PCSCError) {
            try transport.reselect()
        } catch {
            throw ClassicError(error)
        }
        return try readUID()
    }

    private func readUID() throws(ClassicError) -> CardUID {
        let answer = try exchange(.uid, [:], "UID")
        guard let found = CardUID(answer) else { throw .malformedAnswer(operation: .uid) }
        if let uid, uid != found { throw .cardSwapped(expected: uid, found: found) }
        uid = found
        isSilent = false
        return found
    }

    private func wake() throws(ClassicError) {
        if isSilent { try reselect() }
    }

    // MARK: Keys

    /// Authenticates `sector` with `key`; does nothing when it is authenticated with it already.
    ///
    /// Success does not prove that the key may be used: a readable key B authenticates and is then refused everything.
    /// Prove a key by reading after it.
    public func authenticate(sector: Int, key: SectorKey, type: KeyType) throws(ClassicError) {
        guard (0..<size.sectors).contains(sector) else { throw .forbidden("a \(size) has no sector \(sector)") }
        let wanted = Session(sector: sector, key: key, type: type)
        if session == wanted, !isSilent { return }
        try wake()
        let slot = try load(key, type)
        session = nil
        let command: [ApduField: [UInt8]] = [
            .block: [UInt8(ClassicSize.firstBlock(ofSector: sector))], .keyType: [type.rawValue], .slot: [slot],
        ]
        do {
            _ = try exchange(.authenticate, command, "authenticate sector \(sector) with key \(type)")
        } catch .refused(_, let status)
            where dialect.statusWords.isWord(status, for: .authenticationFailed, in: .authenticate)
        {
            throw .authenticationFailed(sector: sector, keyType: type)
        }
        session = wanted
    }

    /// The slot that holds `key`, loading it into the one that was loaded longest ago when none does.
    private func load(_ key: SectorKey, _ type: KeyType) throws(ClassicError) -> UInt8 {
        let wanted = LoadedKey(key: key, type: dialect.commands.loadKey.fields.contains(.keyType) ? type : nil)
        if let index = slots.firstIndex(of: wanted) { return dialect.keySlots.a[index] }
        let index = nextSlot
        nextSlot = (nextSlot + 1) % slots.count
        slots[index] = nil
        let slot = dialect.keySlots.a[index]
        let values: [ApduField: [UInt8]] = [.slot: [slot], .key: key.bytes, .keyType: [type.rawValue]]
        _ = try exchange(.loadKey, values, "load key")
        slots[index] = wanted
        return slot
    }

    // MARK: Blocks

    /// Reads `block`, whose sector must be authenticated.
    public func read(block: Int) throws(ClassicError) -> Block {
        try requireSession(for: block)
        let answer = try exchange(.read, [.block: [UInt8(block)]], "read block \(block)")
        guard let content = Block(answer) else { throw .malformedAnswer(operation: .read) }
        return content
    }

    /// Writes a data block of a writable sector, which must be authenticated.
    ///
    /// Success is not proof: read it back.
    public func write(block: Int, _ content: Block) throws(ClassicError) {
        guard block != 0 else { throw .forbidden("block 0 is the manufacturer's") }
        guard !ClassicSize.isTrailer(block) else { throw .forbidden("block \(block) is a trailer") }
        try write(content, to: block, "write block \(block)")
    }

    /// Writes the trailer of a writable sector, which must be authenticated.
    ///
    /// The next ``authenticate(sector:key:type:)`` of the sector goes to the card again, since that is the proof.
    public func writeTrailer(sector: Int, _ trailer: SectorTrailer) throws(ClassicError) {
        defer { session = nil }
        try write(trailer.block, to: ClassicSize.trailer(ofSector: sector), "write trailer of sector \(sector)")
    }

    private func write(_ content: Block, to block: Int, _ what: String) throws(ClassicError) {
        let sector = ClassicSize.sector(ofBlock: block)
        guard writableSectors.contains(sector) else { throw .forbidden("sector \(sector) is not ours to write") }
        try requireSession(for: block)
        _ = try exchange(.write, [.block: [UInt8(block)], .data: content.bytes], what)
    }

    private func requireSession(for block: Int) throws(ClassicError) {
        guard (0..<size.blocks).contains(block) else { throw .forbidden("a \(size) has no block \(block)") }
        let sector = ClassicSize.sector(ofBlock: block)
        guard let session, session.sector == sector, !isSilent else {
            throw .forbidden("sector \(sector) is not authenticated")
        }
    }

    // MARK: The wire

    /// Sends one command and returns the answer without its status word, when that is success.
    private func exchange(
        _ operation: CardOperation, _ values: [ApduField: [UInt8]], _ what: String
    ) throws(ClassicError) -> [UInt8] {
        let start = clock?.now()
        apduCount += 1
        let answer: [UInt8]
        do throws(PCSCError) {
            answer = try transport.transmit(dialect.commands[operation]?.build(values) ?? [])
        } catch {
            forgetSession(operation)
            report(what, nil, since: start)
            throw ClassicError(error)
        }
        guard answer.count >= 2 else {
            forgetSession(operation)
            report(what, nil, since: start)
            throw .malformedAnswer(operation: operation)
        }
        let status = UInt16(answer[answer.count - 2]) << 8 | UInt16(answer[answer.count - 1])
        report(what, status, since: start)
        guard dialect.statusWords.isWord(status, for: .ok, in: operation) else {
            forgetSession(operation)
            throw .refused(operation: operation, status: status)
        }
        return Array(answer.dropLast(2))
    }

    /// After a refusal the card is no longer authenticated and, on most readers, silent.
    private func forgetSession(_ operation: CardOperation) {
        // LOAD KEY stays between us and the reader; the card does not notice.
        guard operation != .loadKey else { return }
        session = nil
        if dialect.afterAuthFailure == .reconnect { isSilent = true }
    }

    private func report(_ what: String, _ status: UInt16?, since start: Instant?) {
        guard let onExchange else { return }
        var milliseconds: Double?
        if let start, let clock { milliseconds = Double(clock.now().nanoseconds - start.nanoseconds) / 1_000_000 }
        onExchange(Exchange(what: what, status: status, milliseconds: milliseconds))
    }
}
