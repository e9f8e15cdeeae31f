public import Activation
public import CampusCard
public import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import Synchronization

/// A handshake played on a copy of a card: what would be written, and how long it would take on this reader.
///
/// The card itself was read and is not touched: what was read of it becomes a simulated chip, on a simulated reader that
/// speaks the same dialect and takes the time per command that this reader took.
public struct Rehearsal: Sendable {
    /// The budget for the card work: commands.
    public static let apduBudget = 26
    /// The budget for the card work, in milliseconds.
    public static let millisecondBudget: Int64 = 1_000

    /// One command that was played.
    public struct Step: Sendable, Hashable {
        /// What it was.
        public let what: String
        /// What the reader answered.
        public let status: UInt16?
        /// How long it took.
        public let milliseconds: Double
    }

    /// How it ended.
    public let ending: ActivationEnding
    /// The commands, in order.
    public let steps: [Step]
    /// From the first to the last.
    public let milliseconds: Int64
    /// What one command took on the real reader, in milliseconds, half of them less.
    public let latencyMilliseconds: Int

    /// Whether it would keep the budget.
    public var isWithinBudget: Bool {
        steps.count <= Self.apduBudget && milliseconds <= Self.millisecondBudget
    }

    /// Plays the handshake on a copy of the card that was surveyed.
    ///
    /// Nobody is asked for permission: it is granted to an account that does not exist.
    ///
    /// - Returns: `nil` when too little of the card could be read to copy it.
    public init?(of survey: CardSurvey, dialect: ReaderProfile, layout: CardLayout, keys: any KeyRing) {
        guard let chip = Self.copy(survey) else { return nil }
        let taken = survey.exchanges.compactMap(\.milliseconds).sorted()
        latencyMilliseconds = taken.isEmpty ? 0 : Int(taken[taken.count / 2].rounded())
        let time = SimulatedTime()
        let log = StepLog()
        let reader = SimulatedReader(profile: dialect, time: time, latencyMilliseconds: latencyMilliseconds) {
            exchange in
            log.steps.withLock {
                $0.append(Step(what: exchange.what, status: exchange.status, milliseconds: exchange.milliseconds))
            }
        }
        reader.layDown(SimulatedCard(chip))
        let engine = ActivationEngine(
            layout: layout, keys: keys, terminal: 1, authority: EverybodyMay(), journal: NoJournal(), time: time)
        let report = engine.handle(reader, dialect: dialect)
        ending = report.ending
        milliseconds = report.milliseconds
        steps = log.steps.withLock { $0 }
    }

    /// A chip that holds what could be read. Sectors that no key opened get keys that nobody has, so that they refuse.
    private static func copy(_ survey: CardSurvey) -> ClassicChip? {
        var memory = ClassicChip(factory: survey.size, uid: survey.uid).memory
        guard survey.sectors.count == survey.size.sectors else { return nil }
        for sector in survey.sectors {
            let range = ClassicSize.blocks(ofSector: sector.number)
            for (block, content) in zip(range, sector.blocks) {
                guard let content else { continue }
                memory.replaceSubrange(place(block), with: content.bytes)
            }
            let trailer = place(range.upperBound - 1)
            memory.replaceSubrange(trailer, with: Self.trailer(sector))
        }
        return ClassicChip(size: survey.size, uid: survey.uid, memory: memory)
    }

    private static func place(_ block: Int) -> Range<Int> {
        block * ClassicSize.blockLength..<(block + 1) * ClassicSize.blockLength
    }

    private static func trailer(_ sector: CardSurvey.Sector) -> [UInt8] {
        let nobodys: [UInt8] = [0x5C, 0x1E, 0x0F, 0x93, 0x77, 0xD4]
        let secret = sector.secret?.bytes ?? nobodys
        let access = sector.access ?? .transport
        // The other key is not known; where key B may be read it is data, and free sectors have the same on both sides.
        let (keyA, keyB) = sector.type == .b ? (nobodys, secret) : (secret, access.isKeyBReadable ? secret : nobodys)
        return keyA + access.bytes + [0x69] + keyB
    }
}

private final class StepLog: Sendable {
    let steps = Mutex<[Rehearsal.Step]>([])
}

/// Grants everything to an account that does not exist.
private final class EverybodyMay: PermitAuthority {
    func decide(uid: CardUID, holderNumber: String, deadline: Instant) -> PermitDecision {
        .granted(Grant(account: 1, cardSerial: 1, source: .roster, rosterVersion: 0), balance: nil)
    }
}

/// Keeps nothing.
private final class NoJournal: ActivationJournal {
    private var sequence: UInt64 = 0

    func append(_ intent: ActivationIntent) -> UInt64 {
        sequence += 1
        return sequence
    }

    func append(_ outcome: ActivationOutcome) -> UInt64 {
        sequence += 1
        return sequence
    }
}
