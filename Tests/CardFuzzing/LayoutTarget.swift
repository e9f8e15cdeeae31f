import Activation
import CampusCard
import DataFiles
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import TestSupport

/// A layout that loads activates cards or leaves them as they were; what belongs to others it never touches.
enum LayoutTarget {
    static func feed(_ bytes: [UInt8]) {
        guard let layout = try? CardLayout.decode(bytes, file: "layout") else { return }
        for size in [ClassicSize.oneK, .mini] { activate(size, layout) }
    }

    private static let dialect: ReaderProfile = {
        let path = Repository.profiles + "/readers/generic-pcsc.json5"
        do {
            return try JSON5File.decode(ReaderProfile.self, from: path)
        } catch {
            fatalError("the shipped profile does not load: \(error)")
        }
    }()

    private static func activate(_ size: ClassicSize, _ layout: CardLayout) {
        guard let uid = CardUID([0x12, 0x34, 0x56, 0x78]),
            let memory = SampleCard.memory(
                size: size, uid: uid, holderNumber: holderNumber(layout), smallPurse: Fen(350), otherPurse: Fen(1280),
                layout: layout, keys: EveryKey()),
            let chip = ClassicChip(size: size, uid: uid, memory: memory)
        else { return }
        let card = SimulatedCard(chip)
        let time = SimulatedTime()
        let reader = SimulatedReader(profile: dialect, time: time, latencyMilliseconds: 0)
        reader.layDown(card)
        let authority = Authority()
        let journal = Journal()
        let engine = ActivationEngine(
            layout: layout, keys: EveryKey(), terminal: 1, authority: authority, journal: journal, time: time)
        let report = engine.handle(reader, dialect: dialect)
        checkOthers(before: memory, after: card.chip.memory, size, layout)
        guard case .activated(let grant, let sector, _, _) = report.ending else {
            precondition(card.chip.memory == memory, "a card was changed and not activated: \(report.ending)")
            return
        }
        precondition(layout.ours.candidates.contains(sector), "activated in a sector that is no candidate")
        reader.layDown(card)
        checkUse(grant, ClassicCard(transport: reader, dialect: dialect, writableSectors: [sector], size: size), layout)
    }

    private static func checkOthers(before: [UInt8], after: [UInt8], _ size: ClassicSize, _ layout: CardLayout) {
        for sector in 0..<size.sectors where !layout.ours.candidates.contains(sector) {
            let blocks = ClassicSize.blocks(ofSector: sector)
            let bytes = blocks.lowerBound * ClassicSize.blockLength..<blocks.upperBound * ClassicSize.blockLength
            precondition(before[bytes] == after[bytes], "sector \(sector) is not ours and was changed")
        }
        precondition(
            Set(layout.old.preserve).isDisjoint(with: layout.ours.candidates), "a preserved sector may be claimed")
    }

    /// A card that was called active can be used.
    private static func checkUse(_ grant: Grant, _ card: ClassicCard, _ layout: CardLayout) {
        let access = AllowanceAccess(card: card, layout: layout.ours, keys: EveryKey())
        do throws(AllowanceAccess.Problem) {
            let state = try access.read()
            precondition(state.identity.account == grant.account, "the card stands for another account")
            var next = state.record
            next.sequence += 1
            try access.write(next, after: state)
        } catch {
            preconditionFailure("an activated card cannot be used: \(error)")
        }
    }

    /// As many digits as the layout has room for, so that its other sides are reached.
    private static func holderNumber(_ layout: CardLayout) -> String {
        let field = layout.old.holderNumber
        return String("2023010001".prefix(field.encoding == .bcd ? field.length * 2 : field.length))
    }
}

/// Knows a key of every name: `transport` is the factory's, the others follow from their names.
///
/// A ring that lacked a name would end every layout with a changed name at once.
private struct EveryKey: KeyRing {
    func sectorKey(_ name: String, version: UInt8, uid: CardUID, sector: Int) -> SectorKey? {
        guard name != "transport" else { return .factory }
        return SectorKey(Array(digest(Array(name.utf8) + [version]).prefix(SectorKey.length)))
    }

    func mac(_ name: String, version: UInt8, uid: CardUID, over message: [UInt8]) -> [UInt8]? {
        digest(Array(name.utf8) + [version] + uid.bytes + message)
    }

    /// Eight bytes that differ for different inputs: FNV-1a with its 64-bit constants, which hides nothing.
    private func digest(_ bytes: [UInt8]) -> [UInt8] {
        let value = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}

/// Lets every card stand for one account.
private final class Authority: PermitAuthority {
    func decide(uid: CardUID, holderNumber: String, deadline: Instant) -> PermitDecision {
        .granted(Grant(account: 20_260_001, cardSerial: 1, source: .online, rosterVersion: 0), balance: .zero)
    }
}

/// Takes every record and keeps none.
private final class Journal: ActivationJournal {
    private var sequence: UInt64 = 0

    private func next() -> UInt64 {
        sequence += 1
        return sequence
    }

    func append(_ intent: ActivationIntent) throws(JournalUnavailable) -> UInt64 { next() }
    func append(_ outcome: ActivationOutcome) throws(JournalUnavailable) -> UInt64 { next() }
}
