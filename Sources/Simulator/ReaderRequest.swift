import DeviceProfiles
import Mifare
import Platform

/// What a reader answers: data, then the status word.
struct ReaderAnswer {
    let data: [UInt8]
    let status: UInt16

    init(_ data: [UInt8] = [], status: UInt16) {
        self.data = data
        self.status = status
    }

    var bytes: [UInt8] { data + [UInt8(status >> 8), UInt8(status & 0xFF)] }
}

/// A command as a reader of some profile understands it.
enum ReaderRequest: CustomStringConvertible {
    case uid
    case loadKey(slot: UInt8, key: [UInt8])
    case authenticate(block: Int, slot: UInt8, type: KeyType)
    case read(block: Int)
    case write(block: Int, [UInt8])
    case light(answer: [UInt8])
    case unknown([UInt8])

    init(_ command: [UInt8], profile: ReaderProfile) {
        for operation in CardOperation.allCases {
            guard let values = profile.commands[operation]?.match(command) else { continue }
            guard let request = Self.request(operation, values) else { continue }
            self = request
            return
        }
        if let light = profile.lights, light.transport == .apdu,
            let known = light.all.first(where: { $0.send == command })
        {
            self = .light(answer: known.answer.map { $0 ?? 0 })
        } else {
            self = .unknown(command)
        }
    }

    private static func request(_ operation: CardOperation, _ values: [ApduField: [UInt8]]) -> ReaderRequest? {
        func byte(_ field: ApduField) -> UInt8? { values[field].flatMap(\.first) }
        let block = Int(byte(.block) ?? 0)
        // A reader whose commands name no slot keeps one key per key type; one with neither keeps one key.
        let slot = byte(.slot) ?? byte(.keyType) ?? 0
        switch operation {
        case .uid: return .uid
        case .loadKey: return values[.key].map { .loadKey(slot: slot, key: $0) }
        case .authenticate:
            guard let type = KeyType(rawValue: byte(.keyType) ?? KeyType.a.rawValue) else { return nil }
            return .authenticate(block: block, slot: slot, type: type)
        case .read: return .read(block: block)
        case .write: return values[.data].map { .write(block: block, $0) }
        default: return nil
        }
    }

    /// The command in words.
    ///
    /// A key to be loaded is left out, and so is what is written: a trailer would show keys.
    var description: String {
        switch self {
        case .uid: "UID"
        case .loadKey(let slot, _): "LOAD KEY slot \(slot)"
        case .authenticate(let block, let slot, let type): "AUTH block \(block) key \(type) slot \(slot)"
        case .read(let block): "READ block \(block)"
        case .write(let block, _): "WRITE block \(block)"
        case .light: "LIGHT"
        // The bytes of an unknown command may be a key in another dialect: only its header is shown.
        case .unknown(let command): "unknown \(command.prefix(4).hex(separator: " "))"
        }
    }

    /// Lets the reader and the card on it do this.
    func carryOut(
        on card: SimulatedCard, slots: inout [UInt8: [UInt8]], profile: ReaderProfile, torn: TornWrite?
    ) -> ReaderAnswer {
        let words = profile.statusWords
        switch self {
        case .light(let answer):
            let status = UInt16(answer[answer.count - 2]) << 8 | UInt16(answer[answer.count - 1])
            return ReaderAnswer(Array(answer.dropLast(2)), status: status)
        case .unknown:
            return ReaderAnswer(status: words.word(for: .unsupported, in: .uid))
        case .loadKey(let slot, let key):
            let isOurs =
                (profile.keySlots.a + profile.keySlots.b).contains(slot)
                || !profile.commands.loadKey.fields.contains(.slot)
            guard isOurs else { return ReaderAnswer(status: words.word(for: .badParameter, in: .loadKey)) }
            slots[slot] = key
            return ReaderAnswer(status: words.word(for: .ok, in: .loadKey))
        case .uid, .authenticate, .read, .write:
            return talk(to: card, slots: slots, profile: profile, torn: torn)
        }
    }

    private func talk(
        to card: SimulatedCard, slots: [UInt8: [UInt8]], profile: ReaderProfile, torn: TornWrite?
    ) -> ReaderAnswer {
        let operation = self.operation
        let words = profile.statusWords
        return card.withChip { chip in
            do throws(ClassicChip.Refusal) {
                let data = try perform(on: &chip, slots: slots, torn: torn)
                guard let data else {
                    return ReaderAnswer(status: words.word(for: .badParameter, in: operation))
                }
                return ReaderAnswer(data, status: words.word(for: .ok, in: operation))
            } catch {
                if profile.afterAuthFailure == .none { chip.select() }
                return ReaderAnswer(status: words.word(for: Self.meaning(of: error), in: operation))
            }
        }
    }

    /// `nil` when the reader itself refuses, without asking the card.
    private func perform(
        on chip: inout ClassicChip, slots: [UInt8: [UInt8]], torn: TornWrite?
    ) throws(ClassicChip.Refusal) -> [UInt8]? {
        switch self {
        case .uid: return try chip.identify().bytes
        case .authenticate(let block, let slot, let type):
            guard let key = slots[slot] else { return nil }
            try chip.authenticate(block: block, key: key, type: type)
            return []
        case .read(let block): return try chip.read(block: block)
        case .write(let block, let bytes):
            try chip.write(block: block, bytes, torn: torn)
            return []
        case .loadKey, .light, .unknown: return nil
        }
    }

    private var operation: CardOperation {
        switch self {
        case .uid, .light, .unknown: .uid
        case .loadKey: .loadKey
        case .authenticate: .authenticate
        case .read: .read
        case .write: .write
        }
    }

    private static func meaning(of refusal: ClassicChip.Refusal) -> StatusMeaning {
        switch refusal {
        case .silent: .noAnswer
        case .authenticationFailed: .authenticationFailed
        case .notAuthenticated: .notAuthenticated
        case .notPermitted: .notPermitted
        case .noSuchBlock: .badParameter
        }
    }
}
