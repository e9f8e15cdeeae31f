import Activation
import CampusCard
import DeviceProfiles
import LedgerProtocol
import Mifare
import Platform
import Simulator
import SmartCard
import TestSupport
import Testing

/// The activation as a state machine, enumerated whole: every card that any tap can leave behind, from every such card.
///
/// A card's state is its memory, and whether some kiosk has recorded it as active. Torn writes leave each field of a block
/// (the halves of a data block; key A, access bits and key B of a trailer) old, new or erased; so there are finitely many
/// states, and none is left out. Bits in between are the tear sweep's.
@Suite("The activation's state machine")
struct ModelCheckTests {
    private struct State: Hashable {
        var memory: [UInt8]
        var isRecorded: Bool
    }

    private struct Tap: Hashable, CustomStringConvertible {
        let fault: CardFault?
        /// The ledger's answer, or what a kiosk without a network finds in its old roster.
        let isOnline: Bool

        var description: String {
            "\(isOnline ? "online" : "offline"), \(fault.map { "\($0.kind) at \($0.apdu)" } ?? "undisturbed")"
        }
    }

    private let profile: ReaderProfile
    private let keys = RememberingKeyRing(Kiosk.keys)
    private let uid = PullTests.uids[0]

    init() throws { profile = repository.acr122u }

    @Test(
        "From every state that any taps can lead to, the next undisturbed tap ends the card's way",
        arguments: [ClassicSize.oneK, .mini])
    func everyState(size: ClassicSize) throws {
        let start = State(memory: try repository.card(size, uid: uid).chip.memory, isRecorded: false)
        var known: Set<State> = [start]
        var open = [start]
        var taps = 0
        while let state = open.popLast() {
            for isOnline in [true, false] {
                let clean = try tap(state, Tap(fault: nil, isOnline: isOnline), size)
                judge(state, clean, size, isOnline)
                for fault in faults(clean.commands) {
                    let next = try tap(state, Tap(fault: fault, isOnline: isOnline), size)
                    taps += 1
                    expectOthersUntouched(start, next.state, size, "\(Tap(fault: fault, isOnline: isOnline))")
                    if known.insert(next.state).inserted { open.append(next.state) }
                }
                if known.insert(clean.state).inserted { open.append(clean.state) }
            }
        }
        print("state machine of a \(size): \(known.count) states, \(taps) disturbed taps, all of them lead on")
        #expect(known.count > 100, "the model has lost its states")
    }

    private struct Result {
        let state: State
        let ending: ActivationEnding
        let commands: [TearCase.Command]
    }

    private func tap(_ state: State, _ tap: Tap, _ size: ClassicSize) throws -> Result {
        let authority = FixedAuthority()
        if tap.isOnline, state.isRecorded { authority.active = FixedAuthority.grant }
        let kiosk = Kiosk(authority: authority, profile: profile, keys: keys)
        let number = try #require(CardUID(uid))
        let chip = try #require(ClassicChip(size: size, uid: number, memory: state.memory))
        let card = SimulatedCard(chip)
        let report = kiosk.tap(card, fault: tap.fault)
        let isActive = kiosk.journal.outcomes.contains { $0.result == .activated }
        return Result(
            state: State(memory: simplified(card.chip.memory, size), isRecorded: state.isRecorded || isActive),
            ending: report.ending, commands: TearCase.commands(kiosk.exchanges))
    }

    private func faults(_ commands: [TearCase.Command]) -> [CardFault] {
        commands.flatMap { command in
            var kinds: [CardFault.Kind] = [.beforeCommand, .afterCommand]
            for block in 0..<command.writes {
                kinds += TornWrite.everyField(isTrailer: command.isTrailer).map { .tear($0, block: block) }
            }
            return kinds.map { CardFault(at: command.number, $0) }
        }
    }

    private func judge(_ state: State, _ result: Result, _ size: ClassicSize, _ isOnline: Bool) {
        switch result.ending {
        case .activated: #expect(result.state.isRecorded)
        case .alreadyActive: #expect(isOnline && state.isRecorded)
        case .chipDefective:
            let dead = candidates(size).filter { isDead($0, result.state.memory) }
            #expect(dead == candidates(size), "called defective with sectors left")
        default: Issue.record("an undisturbed tap ended as \(result.ending)")
        }
    }

    private func candidates(_ size: ClassicSize) -> [Int] {
        Kiosk.layout.ours.candidates.filter { $0 < size.sectors }
    }

    private func expectOthersUntouched(_ start: State, _ state: State, _ size: ClassicSize, _ tap: String) {
        for sector in 0..<size.sectors where !Kiosk.layout.ours.candidates.contains(sector) {
            let blocks = ClassicSize.blocks(ofSector: sector)
            let range = blocks.lowerBound * 16..<blocks.upperBound * 16
            #expect(start.memory[range] == state.memory[range], "sector \(sector) changed by a tap \(tap)")
        }
    }

    // MARK: States that cannot be told apart

    /// A sector whose trailer none of our keys may write is as good as any other such sector.
    private func simplified(_ memory: [UInt8], _ size: ClassicSize) -> [UInt8] {
        var memory = memory
        for sector in candidates(size) where isDead(sector, memory) {
            let blocks = ClassicSize.blocks(ofSector: sector)
            for byte in blocks.lowerBound * 16..<blocks.upperBound * 16 { memory[byte] = 0xEE }
        }
        return memory
    }

    private func isDead(_ sector: Int, _ memory: [UInt8]) -> Bool {
        let first = ClassicSize.trailer(ofSector: sector) * 16
        let trailer = Array(memory[first..<first + 16])
        guard let access = AccessBits(decoding: trailer[6..<9]), let uid = CardUID(uid) else { return true }
        let layout = Kiosk.layout.ours
        let ours = [layout.readKey, layout.writeKey].map {
            keys.sectorKey($0, version: layout.keyVersion, uid: uid, sector: sector)?.bytes
        }
        let (a, b) = (Array(trailer[0..<6]), Array(trailer[10..<16]))
        let opensWithA = a == SectorKey.factory.bytes || a == ours[0]
        let rule = access.trailerPermissions
        let use = rule.writeKeyA.intersection(rule.writeAccessBits).intersection(rule.writeKeyB)
        return !(opensWithA && use.allows(.a)) && !(b == ours[1] && use.allows(.b))
    }
}
