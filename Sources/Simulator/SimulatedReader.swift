public import DeviceProfiles
public import Platform
public import SmartCard
import Synchronization

/// Something that happens to a card in the middle of its work.
public struct CardFault: Hashable, Sendable {
    /// The command it happens at, counted from 1 since the card was laid down.
    public let apdu: Int
    /// What happens.
    public let kind: Kind

    /// The fault `kind` at command number `apdu`.
    public init(at apdu: Int, _ kind: Kind) {
        self.apdu = apdu
        self.kind = kind
    }

    /// What happens to the card.
    public enum Kind: Hashable, Sendable {
        /// It is pulled away before the command reaches it.
        case beforeCommand
        /// It carries the command out and is pulled away before its answer arrives.
        case afterCommand
        /// It is pulled away once the answer has arrived: what comes next fails, be it a command or a new selection.
        case afterAnswer
        /// It is pulled away while it writes: of several blocks in one command, the one number `block`, counted from 0
        /// and at most the last; those before it are written. At a command that does not write, like ``beforeCommand``.
        case tear(TornWrite, block: Int = 0)
    }
}

/// One reader in this process, with at most one card on it, in the dialect of a profile.
///
/// It reads the profile's templates backwards, so that the commands it understands are exactly those that the profile
/// makes. Commands are sent from one thread; cards are laid down and lifted from any.
public final class SimulatedReader: CardTransport, Sendable {
    /// The dialect it speaks.
    public let profile: ReaderProfile

    private let dialect: ReaderDialect
    private let time: any TimeSource
    private let latencyMilliseconds: Int?
    private let onExchange: (@Sendable (Exchange) -> Void)?
    private let state: Mutex<State>

    private struct State {
        var card: SimulatedCard?
        /// The card was changed since it was connected to: a real reader makes the old connection fail.
        var isStale = false
        var fault: CardFault?
        var next: SimulatedCard?
        var apdus = 0
        var firmware: ReaderFirmware
    }

    /// One command and what became of it.
    ///
    /// It never holds key bytes.
    public struct Exchange: Hashable, Sendable {
        /// Its number since the card was laid down, from 1.
        public let number: Int
        /// What was asked, as in `READ block 4`.
        public let what: String
        /// The blocks that were to be written, for whoever wants to tear each of them.
        public let written: Range<Int>
        /// The status word, or `nil` when the card was pulled away.
        public let status: UInt16?
        /// How long it took by the reader's clock, in milliseconds.
        public let milliseconds: Double
    }

    /// A reader without a card.
    ///
    /// - Parameters:
    ///   - latencyMilliseconds: for every command and selection, by default what the profile says of each.
    ///   - misbehaviours: what it does besides what its profile says.
    ///   - onExchange: called after every command, on the thread that sent it.
    public init(
        profile: ReaderProfile, time: any TimeSource, latencyMilliseconds: Int? = nil,
        misbehaviours: ReaderMisbehaviours = .none, onExchange: (@Sendable (Exchange) -> Void)? = nil
    ) {
        self.profile = profile
        dialect = ReaderDialect.of(profile)
        self.time = time
        self.latencyMilliseconds = latencyMilliseconds
        self.onExchange = onExchange
        state = Mutex(State(firmware: ReaderFirmware(misbehaviours)))
    }

    // MARK: The hand

    /// Lays `card` down, which takes away one that lies there.
    ///
    /// A connection made before is dead; the next command is that of a new one.
    public func layDown(_ card: SimulatedCard, fault: CardFault? = nil) {
        state.withLock { state in
            state.card?.withChip { $0.losePower() }
            card.withChip { $0.select() }
            state.card = card
            state.isStale = false
            state.fault = fault
            state.next = nil
            state.apdus = 0
        }
    }

    /// Takes the card away.
    public func lift() {
        state.withLock { Self.lift(&$0) }
    }

    /// Lets `other` take the card's place at command number `apdu`, unseen by whoever talks to the first: that command
    /// fails, and selecting again finds the other card.
    public func swap(at apdu: Int, to other: SimulatedCard) {
        state.withLock { state in
            state.fault = CardFault(at: apdu, .beforeCommand)
            state.next = other
        }
    }

    /// Lets the reader misbehave from now on as `misbehaviours` say, and no longer as before.
    public func misbehave(_ misbehaviours: ReaderMisbehaviours) {
        state.withLock { $0.firmware.misbehaviours = misbehaviours }
    }

    /// Switches the field on, or off and on: the card is selected afresh.
    func powerUp() {
        state.withLock { state in state.card?.withChip { $0.select() } }
    }

    /// Switches the field off.
    func losePower() {
        state.withLock { state in state.card?.withChip { $0.losePower() } }
    }

    /// The card on the reader.
    public var card: SimulatedCard? { state.withLock { $0.card } }

    /// Commands since the card was laid down.
    public var apduCount: Int { state.withLock { $0.apdus } }

    private static func lift(_ state: inout State) {
        state.card?.withChip { $0.losePower() }
        state.card = state.next
        state.card?.withChip { $0.select() }
        state.isStale = state.next != nil
        state.next = nil
        state.fault = nil
    }

    // MARK: CardTransport

    /// The ATR of the card on the reader; empty when there is none.
    public var atr: [UInt8] { card?.atr ?? [] }

    /// Does with `command` what the profile's reader would, after its latency on the clock.
    public func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        let request = dialect.request(command)
        let latency = latencyMilliseconds ?? request.latency
        guard let onExchange else {
            if latency > 0 { time.sleep(milliseconds: Int64(latency)) }
            return try state.withLock { Self.answer(request, &$0) }.get()
        }
        let start = time.now()
        if latency > 0 { time.sleep(milliseconds: Int64(latency)) }
        let (number, result) = state.withLock { state in
            let result = Self.answer(request, &state)
            return (state.apdus, result)
        }
        var status: UInt16?
        if case .success(let answer) = result {
            status = UInt16(answer[answer.count - 2]) << 8 | UInt16(answer[answer.count - 1])
        }
        let milliseconds = Double(time.now().nanoseconds - start.nanoseconds) / 1_000_000
        onExchange(
            Exchange(
                number: number, what: request.description, written: request.written, status: status,
                milliseconds: milliseconds))
        return try result.get()
    }

    /// Selects the card that lies on the reader now.
    public func reselect() throws(PCSCError) {
        let latency = latencyMilliseconds ?? profile.latency.reselect
        if latency > 0 { time.sleep(milliseconds: Int64(latency)) }
        let isThere = state.withLock { state in
            state.isStale = false
            state.card?.withChip { $0.select() }
            return state.card != nil
        }
        guard isThere else { throw PCSCError(call: "SCardReconnect", code: .noSmartcard) }
    }

    /// Answers the commands that the profile sends to the reader itself as escape commands.
    public func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        guard dialect.controlCodes.contains(code),
            let known = dialect.escapeSignals.first(where: { $0.send == command })
        else { throw PCSCError(call: "SCardControl", code: .invalidParameter) }
        return state.withLock { $0.firmware.signal(known) }
    }

    // MARK: What happens at one command

    private static func answer(_ request: ReaderRequest, _ state: inout State) -> Result<[UInt8], PCSCError> {
        state.apdus += 1
        guard let card = state.card else { return .failure(PCSCError(call: "SCardTransmit", code: .removedCard)) }
        guard !state.isStale else { return .failure(PCSCError(call: "SCardTransmit", code: .resetCard)) }
        guard let fault = state.fault, fault.apdu == state.apdus else {
            return whole(state.firmware.answer(request, on: card, tear: nil))
        }
        var tear: ReaderFirmware.Tear?
        switch fault.kind {
        case .tear(let kind, let block) where !request.written.isEmpty:
            tear = ReaderFirmware.Tear(kind: kind, block: max(block, 0))
        case .beforeCommand, .tear:
            lift(&state)
            return .failure(PCSCError(call: "SCardTransmit", code: .removedCard))
        case .afterCommand, .afterAnswer: break
        }
        let answer = state.firmware.answer(request, on: card, tear: tear)
        lift(&state)
        if fault.kind == .afterAnswer { return whole(answer) }
        // An answer that never came is what the driver reports as "not transacted".
        return .failure(PCSCError(call: "SCardTransmit", code: .notTransacted))
    }

    /// What is shorter than a status word, the real transport takes for no answer.
    private static func whole(_ answer: [UInt8]) -> Result<[UInt8], PCSCError> {
        answer.count >= 2 ? .success(answer) : .failure(PCSCError(call: "SCardTransmit", code: .notTransacted))
    }
}
