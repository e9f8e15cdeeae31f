import DeviceProfiles
import Mifare

/// What goes on inside a reader: the keys in its slots, its lights, and how it lets a card do what it is asked.
struct ReaderFirmware {
    /// What it does besides what its profile says.
    var misbehaviours: ReaderMisbehaviours {
        didSet { begin() }
    }

    private var keys: [UInt8: [UInt8]] = [:]
    /// Changes with every signal, as the bytes do that a profile writes as `??`.
    private var state: UInt8 = 0
    /// How often each misbehaviour that happens once could have happened.
    private var chances: [ReaderMisbehaviour: Int] = [:]
    private var random: SplitMix64

    init(_ misbehaviours: ReaderMisbehaviours) {
        self.misbehaviours = misbehaviours
        random = SplitMix64(seed: misbehaviours.seed)
    }

    private mutating func begin() {
        chances = [:]
        random = SplitMix64(seed: misbehaviours.seed)
    }

    /// A write of several blocks during which the card is pulled away.
    struct Tear {
        let kind: TornWrite
        /// Which of the blocks is hit, counted from 0.
        let block: Int
    }

    private enum Outcome {
        case done([UInt8])
        case failed(StatusMeaning)
        /// Refused with a word that is not of the dialect.
        case refused(UInt16)
    }

    // MARK: Commands to the reader

    /// What the reader answers to a signal.
    mutating func signal(_ command: SignalCommand) -> [UInt8] {
        state &+= 1
        if misbehaviours.kinds.contains(.signalsAnswerTheirState) { return [0x90, state] }
        return command.answer.map { $0 ?? state }
    }

    /// Does what `request` asks, with the card where it takes one; the answer with its status word.
    ///
    /// - Parameter tear: the card's power goes during this write; nobody will hear the answer.
    mutating func answer(_ request: ReaderRequest, on card: SimulatedCard, tear: Tear?) -> [UInt8] {
        guard let pattern = request.pattern else {
            if case .signal(let signal) = request.action { return self.signal(signal) }
            return Self.bytes([], saysOneWord ? 0x6300 : request.dialect.unsupportedWord)
        }
        let outcome = outcome(of: request, on: card, tear)
        guard case .done(let data) = outcome, !denies(request) else {
            return Self.bytes([], failureWord(outcome, pattern))
        }
        if pattern.operation == .uid, happens(.emptyUIDOnce) { return Self.bytes([], pattern.okWord) }
        return shortened(Self.bytes(data, pattern.okWord))
    }

    private static func bytes(_ data: [UInt8], _ word: UInt16) -> [UInt8] {
        var bytes = data
        bytes.append(UInt8(word >> 8))
        bytes.append(UInt8(word & 0xFF))
        return bytes
    }

    private func failureWord(_ outcome: Outcome, _ pattern: CommandPattern) -> UInt16 {
        if saysOneWord { return 0x6300 }
        if pattern.operation == .authenticate, misbehaviours.kinds.contains(.authenticateSays6984) { return 0x6984 }
        switch outcome {
        case .refused(let word): return word
        case .failed(let meaning): return pattern.word(for: meaning)
        // Done, and yet denied: as when the card's acknowledgement is lost.
        case .done: return pattern.word(for: .noAnswer)
        }
    }

    // MARK: Misbehaviour

    private var saysOneWord: Bool { misbehaviours.kinds.contains(.oneWordForAll) }

    /// Whether a misbehaviour that happens once happens now, at a command that it can happen at.
    private mutating func happens(_ misbehaviour: ReaderMisbehaviour) -> Bool {
        guard let occasion = misbehaviours.occasions[misbehaviour] else { return false }
        chances[misbehaviour, default: 0] += 1
        return chances[misbehaviour] == occasion
    }

    /// Whether the reader denies what it has done.
    private mutating func denies(_ request: ReaderRequest) -> Bool {
        !request.written.isEmpty && happens(.deniesAWriteOnce)
    }

    private mutating func shortened(_ answer: [UInt8]) -> [UInt8] {
        guard happens(.shortAnswerOnce) else { return answer }
        var answer = answer
        let isDataCut = answer.count > 2 && Bool.random(using: &random)
        answer.remove(at: answer.count - (isDataCut ? 3 : 1))
        return answer
    }

    // MARK: Commands to the card

    private mutating func outcome(of request: ReaderRequest, on card: SimulatedCard, _ tear: Tear?) -> Outcome {
        let profile = request.dialect.profile
        switch request.action {
        case .impossible, .loadKey(nil, _), .authenticate(_, nil, _): return .failed(.badParameter)
        case .loadKey(let place?, let key):
            return load(key, into: place, profile)
        case .authenticate(_, let place?, _) where keys[place] == nil: return .failed(.badParameter)
        default: break
        }
        if !request.written.isEmpty, happens(.claimsAWriteOnce) { return .done([]) }
        let loses = needsAuthentication(request) && happens(.losesAuthenticationOnce)
        let reselects =
            misbehaviours.kinds.contains(.selectsAgainItself)
            || profile.afterAuthFailure == .none && !misbehaviours.kinds.contains(.silentAfterRefusal)
        return card.withChip { chip in
            do throws(ClassicChip.Refusal) {
                if loses { chip.select() }
                return try perform(request, on: &chip, tear)
            } catch {
                if reselects { chip.select() }
                return .failed(Self.meaning(of: error))
            }
        }
    }

    private mutating func load(_ key: [UInt8], into place: UInt8, _ profile: ReaderProfile) -> Outcome {
        let isRefused =
            misbehaviours.kinds.contains(.refusesFirstSlot) && profile.commands.loadKey.fields.contains(.slot)
            && place == (profile.keySlots.a + profile.keySlots.b).min()
        if isRefused { return .refused(0x6988) }
        if happens(.loadKeyFailsOnce) { return .failed(.noAnswer) }
        keys[place] = key
        return .done([])
    }

    private func needsAuthentication(_ request: ReaderRequest) -> Bool {
        switch request.action {
        case .read(_, let key), .write(_, _, let key): key == nil
        case .readValue, .storeValue, .increment, .decrement, .copyValue: true
        case .uid, .loadKey, .authenticate, .impossible, .signal, .unknown: false
        }
    }

    private func perform(
        _ request: ReaderRequest, on chip: inout ClassicChip, _ tear: Tear?
    ) throws(ClassicChip.Refusal) -> Outcome {
        switch request.action {
        case .uid: return .done(try chip.identify().bytes)
        case .authenticate(let block, let place, let type):
            try chip.authenticate(block: block, key: place.flatMap { keys[$0] } ?? [], type: type)
        case .read(let blocks, let key): return .done(try read(blocks, key, on: &chip))
        case .write(let first, let content, let key): try write(content, first, key, on: &chip, tear)
        case .readValue(let block):
            // The card gives the block; that it holds no value, only the reader notices.
            guard let content = Block(try chip.read(block: block)), let value = ValueBlock(content)?.value else {
                return .failed(.notPermitted)
            }
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> Int32($0 * 8)) }
            return .done(request.dialect.isValueHighByteFirst ? bytes.reversed() : bytes)
        case .storeValue(let block, let value):
            // By convention the address is the block's own number; no manual says what these commands write there.
            let content = ValueBlock(value: value, address: UInt8(truncatingIfNeeded: block)).block
            try chip.write(block: block, content.bytes, torn: tear?.kind)
        case .increment(let block, let operand):
            try chip.increment(block: block, by: operand)
            try chip.transfer(to: block, torn: tear?.kind)
        case .decrement(let block, let operand):
            try chip.decrement(block: block, by: operand)
            try chip.transfer(to: block, torn: tear?.kind)
        case .copyValue(let block, let target):
            try chip.restore(block: block)
            try chip.transfer(to: target, torn: tear?.kind)
        case .loadKey, .impossible, .signal, .unknown: return .failed(.badParameter)
        }
        return .done([])
    }

    private func read(
        _ blocks: Range<Int>, _ key: ReaderRequest.BroughtKey?, on chip: inout ClassicChip
    ) throws(ClassicChip.Refusal) -> [UInt8] {
        try authenticate(blocks.lowerBound, key, on: &chip)
        var bytes = try chip.read(block: blocks.lowerBound)
        for block in blocks.dropFirst() { bytes += try chip.read(block: block) }
        // Whether the sector stays authenticated, no manual says: the stricter way is that it does not.
        if key != nil { chip.select() }
        return bytes
    }

    private func write(
        _ content: [UInt8], _ first: Int, _ key: ReaderRequest.BroughtKey?, on chip: inout ClassicChip, _ tear: Tear?
    ) throws(ClassicChip.Refusal) {
        try authenticate(first, key, on: &chip)
        let count = content.count / ClassicSize.blockLength
        if count == 1 { try chip.write(block: first, content, torn: tear?.kind) }
        for index in 0..<count where count > 1 {
            let bytes = content[index * ClassicSize.blockLength..<(index + 1) * ClassicSize.blockLength]
            let isHit = tear.map { min($0.block, count - 1) == index } ?? false
            try chip.write(block: first + index, Array(bytes), torn: isHit ? tear?.kind : nil)
            if isHit { return }
        }
        if key != nil { chip.select() }
    }

    private func authenticate(
        _ block: Int, _ key: ReaderRequest.BroughtKey?, on chip: inout ClassicChip
    ) throws(ClassicChip.Refusal) {
        guard let key else { return }
        if let type = key.type { return try chip.authenticate(block: block, key: key.bytes, type: type) }
        do throws(ClassicChip.Refusal) {
            try chip.authenticate(block: block, key: key.bytes, type: .a)
        } catch .authenticationFailed {
            chip.select()
            try chip.authenticate(block: block, key: key.bytes, type: .b)
        }
    }

    private static func meaning(of refusal: ClassicChip.Refusal) -> StatusMeaning {
        switch refusal {
        case .silent: .noAnswer
        case .authenticationFailed: .authenticationFailed
        case .notAuthenticated: .notAuthenticated
        case .notPermitted, .noValue: .notPermitted
        case .noSuchBlock: .badParameter
        }
    }
}
