import Activation
import ArgumentParser
package import CampusCard
package import DeviceProfiles
import Measuring
import Mifare
package import Platform
package import Simulator

/// The sample campus of the repository, and readers to its cards.
package struct Campus {
    package let layout: CardLayout
    package let keys: FileKeyRing
    package let readers: [ReaderProfile]
    /// The terminal that taps are counted for; any number does.
    package static let terminal: UInt16 = 101

    /// A card that lies ready to be tapped.
    package enum Card: String, ExpressibleByArgument, Sendable {
        /// As the old system issued it.
        case fresh
        /// Activated, with ``Campus/allowance`` to spend.
        case active
    }

    /// What the active card may spend offline: a day's meals, as where nothing else is set.
    package static let allowance = Fen(5_000)

    /// Reads the campus below `directory`, which is `device-profiles` of the repository.
    package init(directory: String) throws {
        layout = try CardLayout.load(path: directory + "/cards/campus-2026.json5")
        keys = try FileKeyRing(path: directory + "/terminals/demo/keys.json5")
        let library = ProfileLibrary.load(directory: directory + "/readers")
        for error in library.errors { note("passed over: \(error)") }
        readers = library.profiles
        guard !readers.isEmpty else { throw Failure("no reader profile in \(directory)/readers") }
    }

    /// The profile called `id`.
    package func reader(_ id: String) throws -> ReaderProfile {
        guard let profile = readers.first(where: { $0.id == id }) else { throw Failure("no reader profile '\(id)'") }
        return profile
    }

    /// A 1K of that kind, selected; the same one each time, so that the same commands do for all of them.
    package func chip(_ kind: Card) throws -> ClassicChip {
        guard let uid = CardUID([0x04, 0x11, 0x22, 0x33]),
            let memory = SampleCard.memory(
                size: .oneK, uid: uid, holderNumber: "2023010001", smallPurse: Fen(350), otherPurse: Fen(1280),
                layout: layout, keys: keys),
            var chip = ClassicChip(size: .oneK, uid: uid, memory: memory)
        else { throw Failure("the sample campus allows no sample card") }
        if kind == .active { chip = try activate(chip) }
        chip.select()
        return chip
    }

    /// Activates the card and lets it spend something, both as a terminal does.
    private func activate(_ chip: ClassicChip) throws -> ClassicChip {
        let card = SimulatedCard(chip), time = SimulatedTime()
        let reader = SimulatedReader(profile: try reader("acr122u"), time: time, latencyMilliseconds: 0)
        reader.layDown(card)
        defer { reader.lift() }
        let ending = engine(FixedAuthority(), time).handle(reader, dialect: reader.profile).ending
        guard case .activated = ending else { throw Failure("activation ended as \(ending)") }
        let session = ClassicCard(
            transport: reader, dialect: reader.profile, writableSectors: Set(layout.ours.candidates), size: chip.size)
        let access = AllowanceAccess(card: session, layout: layout.ours, keys: keys)
        let state = try access.read()
        try access.write(
            AllowanceRecord(
                sequence: state.record.sequence + 1, allowance: Self.allowance, terminal: Self.terminal),
            after: state)
        return card.chip
    }
}
