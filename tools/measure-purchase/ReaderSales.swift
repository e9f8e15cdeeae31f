import DeviceProfiles
import Measuring
import MeasuringCards
import Platform
import Simulator

/// What one sale takes on each reader that there is a profile of, from the card in the field to the “yes”: commands, and
/// time at the profile's latency.
///
/// All on the simulated reader by a simulated clock, in which neither the disk nor we take any time, so these figures are
/// the same on every machine.
enum ReaderSales {
    /// The slowest command of a reader that the budget of time is for: an ACR122U's, in milliseconds.
    private static let slowestCommand = 30.0
    private static let slowestReader = "acr122u"
    private static let mostMilliseconds = 300.0
    private static let mostCommands = 8.0
    /// Sales in a row.
    private static let queue = 200
    /// How long the ledger takes that answers, in milliseconds.
    private static let answer: Int64 = 5

    static func figures(_ campus: Campus) -> [Figure] {
        campus.readers.filter(\.isUsable).flatMap { profile -> [Figure] in
            do {
                let offline = try offline(campus, profile)
                guard profile.id == slowestReader else { return offline }
                return try offline + first(campus, profile) + online(campus, profile) + sustained(campus, profile)
            } catch {
                note("measure-purchase: \(profile.id): \(error)")
                return [Figure("\(profile.id): sale, commands", nil, "APDUs", budget: mostCommands)]
            }
        }
    }

    /// A sale without a ledger.
    private static func offline(_ campus: Campus, _ profile: ReaderProfile) throws -> [Figure] {
        let counter = try Counter(campus, profile, .active)
        var till = Till(campus, Authority(), CountingJournal(), counter.time)
        var apdus = 0
        let work = try counter.work { apdus = try till.sell(counter, profile) }
        return [
            Figure("\(profile.id): sale, commands", Double(apdus), "APDUs", budget: mostCommands),
            Figure(
                "\(profile.id): sale, tap to “yes”", work.milliseconds, "ms", floor: work.commandMilliseconds,
                budget: work.slowestCommand <= slowestCommand ? mostMilliseconds : nil),
        ]
    }

    /// A sale to the first card after the reader was attached, with which it is set up.
    private static func first(_ campus: Campus, _ profile: ReaderProfile) throws -> [Figure] {
        let counter = try Counter(campus, profile, .active)
        var till = Till(campus, Authority(), CountingJournal(), counter.time)
        let work = try counter.work {
            try till.prepare(counter.reader, profile)
            try till.sell(counter, profile)
        }
        return [
            Figure(
                "\(profile.id): sale, the reader's first card", work.milliseconds, "ms",
                floor: work.commandMilliseconds, budget: mostMilliseconds)
        ]
    }

    /// Sales with a ledger that answers, and with one that does not: the second of those does not wait again.
    private static func online(_ campus: Campus, _ profile: ReaderProfile) throws -> [Figure] {
        let counter = try Counter(campus, profile, .active)
        let chip = counter.card.chip
        func work(_ till: inout Till, isAuthorized: Bool) throws -> Work {
            counter.card.chip = chip
            return try counter.work { try till.sell(counter, profile, isAuthorized: isAuthorized) }
        }
        func till(answersAfter milliseconds: Int64?) -> Till {
            let ledger = SimulatedLedger(answersAfter: milliseconds, counter.time)
            return Till(campus, Authority(asking: ledger.desk()), CountingJournal(), counter.time)
        }
        func figure(_ what: String, _ work: Work, budget: Double?) -> Figure {
            Figure(
                "\(profile.id): sale, \(what)", work.milliseconds, "ms", floor: work.commandMilliseconds, budget: budget
            )
        }
        var prompt = till(answersAfter: answer)
        var silent = till(answersAfter: nil)
        return [
            figure("ledger agrees in \(answer) ms", try work(&prompt, isAuthorized: true), budget: mostMilliseconds),
            figure("ledger silent, first", try work(&silent, isAuthorized: false), budget: nil),
            figure("ledger silent, second", try work(&silent, isAuthorized: false), budget: mostMilliseconds),
        ]
    }

    /// Sales in a row, each with the light after it, and no hand's time between two cards.
    private static func sustained(_ campus: Campus, _ profile: ReaderProfile) throws -> [Figure] {
        let counter = try Counter(campus, profile, .active)
        let chip = counter.card.chip
        var till = Till(campus, Authority(), CountingJournal(), counter.time)
        let start = counter.time.now()
        for _ in 0..<queue {
            counter.card.chip = chip
            _ = try counter.work {
                try till.sell(counter, profile)
                try till.showSuccess(counter.reader, profile)
            }
        }
        let minutes = Double(counter.time.now().milliseconds(since: start)) / 60_000
        return [Figure("\(profile.id): sales a minute, without a hand", Double(queue) / minutes, "sales")]
    }
}

extension Till {
    /// Sells to the card that `counter` has laid down.
    ///
    /// A simulated reader takes no time for an escape command. How long a real one takes is not known, and as long as for
    /// a command to the card is the most it could.
    @discardableResult
    fileprivate mutating func sell(_ counter: Counter, _ profile: ReaderProfile, isAuthorized: Bool = false) throws
        -> Int
    {
        if let lights = profile.lights, lights.transport == .escape, lights.onCardPresent != nil {
            counter.time.advance(milliseconds: Int64(profile.latency.command))
        }
        return try sell(counter.reader, profile, isAuthorized: isAuthorized)
    }
}
