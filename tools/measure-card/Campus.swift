import Activation
import CampusCard
import DeviceProfiles
import LedgerProtocol
import Measuring
import Mifare
import Platform
import Simulator

/// The sample campus of the repository, and readers to its cards.
struct Campus {
    let layout: CardLayout
    let keys: FileKeyRing
    let readers: [ReaderProfile]
    /// The terminal that taps are counted for; any number does.
    static let terminal: UInt16 = 101

    /// Reads the campus below `directory`, which is `device-profiles` of the repository.
    init(directory: String) throws {
        layout = try CardLayout.load(path: directory + "/cards/campus-2026.json5")
        keys = try FileKeyRing(path: directory + "/terminals/demo/keys.json5")
        let library = ProfileLibrary.load(directory: directory + "/readers")
        for error in library.errors { note("measure-card: passed over: \(error)") }
        readers = library.profiles
        guard !readers.isEmpty else { throw Failure("no reader profile in \(directory)/readers") }
    }

    /// The profile called `id`.
    func reader(_ id: String) throws -> ReaderProfile {
        guard let profile = readers.first(where: { $0.id == id }) else { throw Failure("no reader profile '\(id)'") }
        return profile
    }

    /// A 1K as the old system issued it, selected; the same one each time, so that the same commands do for all of them.
    func freshChip() throws -> ClassicChip {
        guard let uid = CardUID([0x04, 0x11, 0x22, 0x33]),
            let memory = SampleCard.memory(
                size: .oneK, uid: uid, holderNumber: "2023010001", smallPurse: Fen(350), otherPurse: Fen(1280),
                layout: layout, keys: keys),
            var chip = ClassicChip(size: .oneK, uid: uid, memory: memory)
        else { throw Failure("the sample campus allows no sample card") }
        chip.select()
        return chip
    }

    /// An engine that waits for nobody but the card.
    func engine(_ authority: FixedAuthority, _ time: any TimeSource) -> ActivationEngine {
        ActivationEngine(
            layout: layout, keys: keys, terminal: Self.terminal, authority: authority, journal: CountingJournal(),
            time: time)
    }
}

/// Takes every record and keeps none.
final class CountingJournal: ActivationJournal {
    private var sequence: UInt64 = 0

    func append(_: ActivationIntent) -> UInt64 { next() }
    func append(_: ActivationOutcome) -> UInt64 { next() }

    private func next() -> UInt64 {
        sequence += 1
        return sequence
    }
}

/// Permits everything at once.
final class FixedAuthority: PermitAuthority {
    /// Whether it calls the card active already.
    var knowsTheCard = false
    private static let grant = Grant(account: 20_260_001, cardSerial: 1, source: .online, rosterVersion: 0)

    func decide(uid: CardUID, holderNumber: String, deadline: Instant) -> PermitDecision {
        knowsTheCard ? .alreadyActive(Self.grant) : .granted(Self.grant, balance: .zero)
    }
}
