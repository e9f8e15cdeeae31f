import Activation
import DeviceProfiles
import Measuring
import MeasuringCards
import Simulator

/// What one card costs on each reader that there is a profile of: commands, and time at the profile's latency.
///
/// All on the simulated reader by a simulated clock, so these figures are the same on every machine.
enum ReaderFigures {
    /// The slowest command of a reader that the budgets of time are for: an ACR122U's, in milliseconds.
    private static let slowestCommand = 30.0

    /// Something done to a card, and what it may cost.
    private struct Action: Sendable {
        let name: String
        let apdus: Double
        /// On a reader whose commands take at most ``slowestCommand``.
        let milliseconds: Double?
        /// `nil` when there is nothing to be measured.
        let perform: @Sendable (ActivationCounter) throws -> Work?
    }

    /// In this order on one card: each finds the card as the one before left it.
    private static let actions = [
        Action(name: "activation", apdus: 26, milliseconds: 1000) { try $0.activation() },
        Action(name: "confirmation", apdus: 8, milliseconds: nil) { try $0.confirmation() },
        Action(name: "purchase", apdus: 8, milliseconds: 300) { try purchaseAccess($0.counter) },
    ]

    static func figures(_ campus: Campus) -> [Figure] {
        campus.readers.flatMap { profile -> [Figure] in
            let counter: ActivationCounter
            do { counter = try ActivationCounter(campus, profile) } catch {
                return [unmeasured(profile, "card", error)]
            }
            return actions.flatMap { action -> [Figure] in
                do {
                    return try action.perform(counter).map { figures(action, profile, $0) } ?? []
                } catch {
                    return [unmeasured(profile, action.name, error)]
                }
            }
        }
    }

    /// In place of figures that `error` came in between of: no budget of theirs is kept.
    private static func unmeasured(_ profile: ReaderProfile, _ what: String, _ error: any Error) -> Figure {
        note("measure-card: \(profile.id): \(error)")
        return Figure("\(profile.id): \(what), commands", nil, "APDUs")
    }

    private static func figures(_ action: Action, _ profile: ReaderProfile, _ work: Work) -> [Figure] {
        [
            Figure("\(profile.id): \(action.name), commands", Double(work.apdus), "APDUs", budget: action.apdus),
            Figure(
                "\(profile.id): \(action.name), card work", work.milliseconds, "ms", floor: work.commandMilliseconds,
                budget: work.slowestCommand <= slowestCommand ? action.milliseconds : nil),
        ]
    }
}

/// Activations of one card on a simulated reader.
final class ActivationCounter {
    let counter: Counter
    private let authority = FixedAuthority()
    private let engine: ActivationEngine

    init(_ campus: Campus, _ profile: ReaderProfile) throws {
        counter = try Counter(campus, profile, .fresh)
        engine = campus.engine(authority, counter.time)
    }

    /// Makes the fresh card active.
    func activation() throws -> Work {
        try counter.work {
            let ending = engine.handle(counter.reader, dialect: counter.reader.profile).ending
            guard case .activated = ending else { throw Failure("activation ended as \(ending)") }
        }
    }

    /// Finds active what the authority says is active.
    func confirmation() throws -> Work {
        authority.knowsTheCard = true
        return try counter.work {
            let ending = engine.handle(counter.reader, dialect: counter.reader.profile).ending
            guard case .alreadyActive = ending else { throw Failure("confirmation ended as \(ending)") }
        }
    }
}
