public import DeviceProfiles
public import Platform
public import SmartCard

/// A MIFARE Classic in the field of a reader, spoken to in that reader's dialect.
///
/// It spends as few commands as it can: a key is loaded once while its slot holds it, a sector is authenticated once
/// while it stays authenticated, and several blocks travel in one command where the reader can do that. After a refusal
/// a Classic is silent until it is selected again; that is done before the next command, with a look whether it is still
/// the same card. What only reads is tried a second time, after selecting the card again, before a refusal is believed:
/// many readers say the same word for a wrong key and for a card that did not hear. Writes are never repeated here. Used
/// from one thread.
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

    /// The card's size: what the ATR says until the card itself is known better.
    public private(set) var size: ClassicSize
    /// The sectors that may be written; all others are other systems'.
    public let writableSectors: Set<Int>
    /// The UID, once the card was selected.
    public private(set) var uid: CardUID?
    /// Commands sent so far.
    public private(set) var apduCount = 0
    /// Called after every command.
    public var onExchange: ((Exchange) -> Void)?

    private let transport: any CardTransport
    let dialect: ReaderProfile
    private let clock: (any TimeSource)?
    private var places: KeyPlaces
    private var session: Session?
    private var isSilent = false

    struct Session: Equatable {
        let sector: Int
        let key: SectorKey
        let type: KeyType
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
        places = KeyPlaces(dialect)
    }

    /// The card turned out to be of this size, whatever its ATR said.
    public func learn(size: ClassicSize) { self.size = size }

    // MARK: Selecting

    /// Asks for the UID.
    @discardableResult
    public func selectUID() throws(ClassicError) -> CardUID {
        try wake()
        do throws(ClassicError) {
            return try readUID()
        } catch {
            guard error.isCardStillThere else { throw error }
            return try reselect()
        }
    }

    /// Selects the card again and makes sure that it is the same.
    @discardableResult
    public func reselect() throws(ClassicError) -> CardUID {
        session = nil
        isSilent = true
        places.forget()
        do throws(ClassicError) {
            return try selectOnce()
        } catch {
            // An answer lost here would cost the card a sector that it has.
            guard error.isCardStillThere else { throw error }
            return try selectOnce()
        }
    }

    private func selectOnce() throws(ClassicError) -> CardUID {
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

    /// Does `work`, which changes nothing on the card; when it is refused, selects the card again and does it once more.
    private func twice<T>(_ work: () throws(ClassicError) -> T) throws(ClassicError) -> T {
        do throws(ClassicError) {
            return try work()
        } catch {
            guard error.isCardStillThere, !error.isForbidden else { throw error }
            try reselect()
            return try work()
        }
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
        try twice { () throws(ClassicError) in try open(wanted) }
    }

    private func open(_ wanted: Session) throws(ClassicError) {
        let slot = try load(wanted.key, wanted.type)
        session = nil
        let command: [ApduField: [UInt8]] = [
            .block: [UInt8(ClassicSize.firstBlock(ofSector: wanted.sector))], .keyType: [wanted.type.rawValue],
            .slot: [slot],
        ]
        do {
            _ = try exchange(
                .authenticate, command, "authenticate sector \(wanted.sector) with key \(wanted.type)")
        } catch .refused(_, let status)
            where dialect.statusWords.isWord(status, for: .authenticationFailed, in: .authenticate)
        {
            throw .authenticationFailed(sector: wanted.sector, keyType: wanted.type)
        }
        session = wanted
    }

    /// The slot that holds `key`, loading it when none does.
    ///
    /// A reader that refuses a slot of its profile is asked for the next one; all refused, once more for the first.
    private func load(_ key: SectorKey, _ type: KeyType) throws(ClassicError) -> UInt8 {
        if let place = places.place(of: key, as: type) { return place.slot }
        while let place = places.placeToFill(type) {
            places.empty(place)
            let values: [ApduField: [UInt8]] = [.slot: [place.slot], .key: key.bytes, .keyType: [type.rawValue]]
            do throws(ClassicError) {
                _ = try exchange(.loadKey, values, "load key")
                places.fill(place, with: key)
                return place.slot
            } catch {
                guard error.isCardStillThere else { throw error }
                places.refuse(place)
                guard places.placeToFill(type) == nil else { continue }
                // All refused is more likely a bad moment than a reader without slots: the next try begins anew.
                places.forget()
                throw error
            }
        }
        throw .forbidden("the reader takes no key \(type)")
    }

    // MARK: Blocks

    /// Reads `block`, whose sector must be authenticated.
    public func read(block: Int) throws(ClassicError) -> Block {
        try read(blocks: block..<block + 1)[0]
    }

    /// Reads `blocks` of one sector, which must be authenticated.
    public func read(blocks: Range<Int>) throws(ClassicError) -> [Block] {
        let session = try requireSession(for: blocks)
        return try twice { () throws(ClassicError) in
            if self.session != session { try open(session) }
            var contents: [Block] = []
            while contents.count < blocks.count {
                let rest = (blocks.lowerBound + contents.count)..<blocks.upperBound
                contents += try readSome(rest)
            }
            return contents
        }
    }

    /// Reads `blocks` of one sector with `key`: in one command where the reader takes the key along.
    public func read(blocks: Range<Int>, key: SectorKey, type: KeyType) throws(ClassicError) -> [Block] {
        let sector = ClassicSize.sector(ofBlock: blocks.lowerBound)
        let hasTrailer = blocks.contains(ClassicSize.trailer(ofSector: sector))
        guard dialect.commands.counts(of: .readWithKey).contains(blocks.count), !hasTrailer,
            session != Session(sector: sector, key: key, type: type)
        else {
            try authenticate(sector: sector, key: key, type: type)
            return try read(blocks: blocks)
        }
        try require(blocks)
        try wake()
        session = nil
        return try twice { () throws(ClassicError) in try readAtOnce(blocks, key, type) }
    }

    private func readAtOnce(_ blocks: Range<Int>, _ key: SectorKey, _ type: KeyType) throws(ClassicError) -> [Block] {
        let values: [ApduField: [UInt8]] = [
            .block: [UInt8(blocks.lowerBound)], .key: key.bytes, .keyType: [type.rawValue],
            .length: [UInt8(blocks.count * ClassicSize.blockLength)],
        ]
        let answer: [UInt8]
        do {
            answer = try exchange(.readWithKey, values, "read \(Self.name(blocks)) with key \(type)")
        } catch .refused(_, let status)
            where dialect.statusWords.isWord(status, for: .authenticationFailed, in: .readWithKey)
        {
            throw .authenticationFailed(sector: ClassicSize.sector(ofBlock: blocks.lowerBound), keyType: type)
        }
        return try Self.split(answer, blocks, .readWithKey)
    }

    /// As many of `blocks` as one command brings.
    private func readSome(_ blocks: Range<Int>) throws(ClassicError) -> [Block] {
        // Readers that read several blocks stop before the trailer.
        let trailer = ClassicSize.trailer(ofSector: ClassicSize.sector(ofBlock: blocks.lowerBound))
        let data = blocks.clamped(to: 0..<trailer)
        let most = dialect.commands.blocks(of: .readBlocks, wanted: data.count)
        guard most > 1 else {
            let answer = try exchange(
                .read, [.block: [UInt8(blocks.lowerBound)]], "read block \(blocks.lowerBound)")
            return try Self.split(answer, blocks.prefix(1), .read)
        }
        let some = data.prefix(most)
        let values: [ApduField: [UInt8]] = [
            .block: [UInt8(some.lowerBound)], .length: [UInt8(some.count * ClassicSize.blockLength)],
        ]
        return try Self.split(exchange(.readBlocks, values, "read \(Self.name(some))"), some, .readBlocks)
    }

    private static func split(
        _ answer: [UInt8], _ blocks: Range<Int>, _ operation: CardOperation
    ) throws(ClassicError) -> [Block] {
        guard answer.count == blocks.count * ClassicSize.blockLength else {
            throw .malformedAnswer(operation: operation)
        }
        return blocks.indices.map { index in
            let start = (index - blocks.lowerBound) * ClassicSize.blockLength
            return Block(assembled: Array(answer[start..<start + ClassicSize.blockLength]))
        }
    }

    /// Writes a data block; see ``write(from:_:)``.
    public func write(block: Int, _ content: Block) throws(ClassicError) { try write(from: block, [content]) }

    /// Writes `contents` to the data blocks from `first` on, all of one writable sector, which must be authenticated.
    ///
    /// Success is not proof: read them back.
    public func write(from first: Int, _ contents: [Block]) throws(ClassicError) {
        let blocks = first..<first + contents.count
        guard !blocks.contains(0) else { throw .forbidden("block 0 is the manufacturer's") }
        if let trailer = blocks.first(where: ClassicSize.isTrailer) {
            throw .forbidden("block \(trailer) is a trailer")
        }
        var done = 0
        while done < contents.count {
            let most = max(1, dialect.commands.blocks(of: .writeBlocks, wanted: contents.count - done))
            let some = contents[done...].prefix(most)
            try write(Array(some), at: first + done, "write \(Self.name(first + done..<first + done + some.count))")
            done += some.count
        }
    }

    /// Writes the trailer of a writable sector, which must be authenticated.
    ///
    /// The next ``authenticate(sector:key:type:)`` of the sector goes to the card again, since that is the proof.
    public func writeTrailer(sector: Int, _ trailer: SectorTrailer) throws(ClassicError) {
        defer { session = nil }
        try write([trailer.block], at: ClassicSize.trailer(ofSector: sector), "write trailer of sector \(sector)")
    }

    private func write(
        _ contents: [Block], at first: Int, _ what: @autoclosure () -> String
    ) throws(ClassicError) {
        let sector = ClassicSize.sector(ofBlock: first)
        guard writableSectors.contains(sector) else { throw .forbidden("sector \(sector) is not ours to write") }
        try requireSession(for: first..<first + contents.count)
        let bytes = contents.flatMap(\.bytes)
        let values: [ApduField: [UInt8]] = [
            .block: [UInt8(first)], .data: bytes, .blocks: bytes, .length: [UInt8(bytes.count)],
        ]
        _ = try exchange(contents.count == 1 ? .write : .writeBlocks, values, what())
    }

    private static func name(_ blocks: Range<Int>) -> String {
        blocks.count == 1 ? "block \(blocks.lowerBound)" : "blocks \(blocks.lowerBound) to \(blocks.upperBound - 1)"
    }

    private func require(_ blocks: Range<Int>) throws(ClassicError) {
        guard !blocks.isEmpty, (0..<size.blocks).contains(blocks.lowerBound), blocks.upperBound <= size.blocks else {
            throw .forbidden("a \(size) has no block \(blocks.upperBound - 1)")
        }
        guard ClassicSize.sector(ofBlock: blocks.lowerBound) == ClassicSize.sector(ofBlock: blocks.upperBound - 1)
        else {
            throw .forbidden("blocks \(blocks) are not of one sector")
        }
    }

    @discardableResult
    func requireSession(for blocks: Range<Int>) throws(ClassicError) -> Session {
        try require(blocks)
        let sector = ClassicSize.sector(ofBlock: blocks.lowerBound)
        guard let session, session.sector == sector, !isSilent else {
            throw .forbidden("sector \(sector) is not authenticated")
        }
        return session
    }

    // MARK: The wire

    /// Sends one command and returns the answer without its status word, when that is success.
    func exchange(
        _ operation: CardOperation, _ values: [ApduField: [UInt8]], _ what: @autoclosure () -> String
    ) throws(ClassicError) -> [UInt8] {
        guard let template = dialect.commands[operation] else {
            throw .forbidden("the reader has no command to \(operation.rawValue)")
        }
        let start = clock?.now()
        apduCount += 1
        let answer: [UInt8]
        do throws(PCSCError) {
            answer = try transport.transmit(template.build(values))
        } catch {
            forgetSession(operation)
            report(what(), nil, since: start)
            throw ClassicError(error)
        }
        guard answer.count >= 2 else {
            forgetSession(operation)
            report(what(), nil, since: start)
            throw .malformedAnswer(operation: operation)
        }
        let status = UInt16(answer[answer.count - 2]) << 8 | UInt16(answer[answer.count - 1])
        report(what(), status, since: start)
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

    private func report(_ what: @autoclosure () -> String, _ status: UInt16?, since start: Instant?) {
        guard let onExchange else { return }
        var milliseconds: Double?
        if let start, let clock { milliseconds = Double(clock.now().nanoseconds - start.nanoseconds) / 1_000_000 }
        onExchange(Exchange(what: what(), status: status, milliseconds: milliseconds))
    }
}
