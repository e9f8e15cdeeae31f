public import LedgerProtocol
public import Platform

/// By what the till decides: limits, prices and meals, as the campus has set them; what it has not set is as here.
///
/// A sale goes by one value of it from beginning to end, so that settings that arrive meanwhile count for the next one.
public struct SalesRules: Hashable, Sendable {
    /// The settings' version, for the record of the sale; 0: none were fetched yet.
    public let version: UInt32
    private let settings: TerminalSettings

    /// The rules that `settings` of that version set.
    public init(settings: TerminalSettings = TerminalSettings(), version: UInt32 = 0) {
        self.settings = settings
        self.version = version
    }

    /// The largest sale: ¥200 where nothing is set, more than anybody eats and less than a month's money.
    public var saleLimit: Fen { Fen(settings.saleLimitFen ?? 20_000) }
    /// What a holder may spend in a day; `nil`: as much as there is.
    public var dayLimit: Fen? { settings.dayLimitFen.map { Fen($0) } }
    /// A sale above this asks for the six digits: ¥50 where nothing is set.
    public var pinAbove: Fen { Fen(settings.pinAboveFen ?? 5_000) }
    /// What a card may spend offline once it is refilled: ¥50 where nothing is set, a day's meals.
    public var allowance: Fen { Fen(settings.allowanceFen ?? 5_000) }
    /// An allowance below this is refilled: ¥30 where nothing is set.
    public var refillBelow: Fen { Fen(settings.allowanceRefillBelowFen ?? 3_000) }
    /// What payment codes of one account may spend here without the ledger's word: ¥50 where nothing is set.
    public var codeCap: Fen { Fen(settings.codeCapFen ?? 5_000) }
    /// How long the same card is not taken a second time for a fixed price, in milliseconds.
    public var doubleTapMilliseconds: Int64 { (settings.doubleTapSeconds ?? 10) * 1000 }
    /// The meal periods.
    public var meals: [MealSetting] { settings.meals ?? [] }
    /// What one key sells.
    public var dishes: [DishSetting] { settings.dishes ?? [] }

    // China has one time and no summer time; a campus elsewhere sets its own.
    private var millisecondsEast: Int64 { Int64(settings.minutesEastOfUTC ?? 480) * 60_000 }
    private static let dayMilliseconds: Int64 = 86_400_000

    /// The largest sale without the ledger's word while the hotlist is `ageMilliseconds` old; `nil` age: there is none.
    ///
    /// A card that was lost since the list was made is not on it, so the longer ago that was, the less may be lost. A
    /// terminal that never had a list was never on the network, and goes by the strictest step.
    public func offlineLimit(hotlistAgeMilliseconds age: Int64?) -> Fen {
        let steps = settings.staleHotlist ?? Self.staleHotlist
        let reached = steps.filter { step in age.map { $0 >= step.hours * 3_600_000 } ?? true }
        return min(saleLimit, reached.map { Fen($0.saleLimitFen) }.min() ?? saleLimit)
    }

    /// ¥30 after a day, ¥15 after three, nothing after a fortnight: a holiday is bridged, a forgotten cable is not.
    private static let staleHotlist = [
        StaleLimit(hours: 24, saleLimitFen: 3_000), StaleLimit(hours: 72, saleLimitFen: 1_500),
        StaleLimit(hours: 336, saleLimitFen: 0),
    ]

    /// The local minute since midnight, 0...1,439, of `wall` milliseconds since 1970-01-01 UTC.
    public func minute(at wall: Int64) -> Int { Int((wall - dayStart(at: wall)) / 60_000) }

    /// The meal that sells at `wall` milliseconds since 1970-01-01 UTC.
    public func meal(at wall: Int64) -> MealSetting? {
        let minute = minute(at: wall)
        return meals.first { ($0.fromMinute..<$0.toMinute).contains(minute) }
    }

    /// When the local day of `wall` began, in milliseconds since 1970-01-01 UTC.
    public func dayStart(at wall: Int64) -> Int64 {
        let local = wall + millisecondsEast
        let sinceMidnight = ((local % Self.dayMilliseconds) + Self.dayMilliseconds) % Self.dayMilliseconds
        return wall - sinceMidnight
    }

    /// When `meal` began on the local day of `wall`.
    public func start(of meal: MealSetting, at wall: Int64) -> Int64 {
        dayStart(at: wall) + Int64(meal.fromMinute) * 60_000
    }
}
