/// A name in both languages.
public struct BilingualName: Codable, Hashable, Sendable {
    /// In Chinese.
    public var zh: String
    /// In English.
    public var en: String

    /// A name.
    public init(zh: String, en: String) {
        self.zh = zh
        self.en = en
    }
}

/// A meal period: when it is, what it costs, and how much of it a holder may buy.
public struct MealSetting: Codable, Hashable, Sendable {
    /// Its number on records, 1 to 65535.
    public var number: UInt16
    /// Its name.
    public var name: BilingualName
    /// When it begins, in minutes after local midnight, 0...1439.
    public var fromMinute: Int
    /// When it is over, in minutes after local midnight, later than it begins, at most 1440.
    public var toMinute: Int
    /// What a holder may spend in it, in fen; `nil`: no limit of its own.
    public var limitFen: Int64?
    /// The fixed price of the meal, in fen; `nil`: the amount is entered.
    public var priceFen: Int64?

    /// A meal.
    public init(
        number: UInt16, name: BilingualName, fromMinute: Int, toMinute: Int, limitFen: Int64? = nil,
        priceFen: Int64? = nil
    ) {
        self.number = number
        self.name = name
        self.fromMinute = fromMinute
        self.toMinute = toMinute
        self.limitFen = limitFen
        self.priceFen = priceFen
    }

    var isSensible: Bool {
        number > 0 && (0..<1440).contains(fromMinute) && fromMinute < toMinute && toMinute <= 1440
            && limitFen ?? 0 >= 0 && (0...TerminalSettings.largestAmountFen).contains(priceFen ?? 0)
    }
}

/// Something that one key sells.
public struct DishSetting: Codable, Hashable, Sendable {
    /// Its number on the keypad, 1...99.
    public var number: Int
    /// Its name.
    public var name: BilingualName
    /// Its price, in fen.
    public var priceFen: Int64

    /// A dish.
    public init(number: Int, name: BilingualName, priceFen: Int64) {
        self.number = number
        self.name = name
        self.priceFen = priceFen
    }

    var isSensible: Bool { (1...99).contains(number) && (1...TerminalSettings.largestAmountFen).contains(priceFen) }
}

/// What one sale may be while the hotlist is as old as this.
public struct StaleLimit: Codable, Hashable, Sendable {
    /// From this age of the hotlist on, in hours, at least 1.
    public var hours: Int64
    /// The largest sale without the ledger's word, in fen; 0: none.
    public var saleLimitFen: Int64

    /// A limit.
    public init(hours: Int64, saleLimitFen: Int64) {
        self.hours = hours
        self.saleLimitFen = saleLimitFen
    }

    var isSensible: Bool { hours > 0 && saleLimitFen >= 0 }
}

extension TerminalSettings {
    /// What fits the allowance record of a card, and so any amount: 2^24 - 1 fen.
    public static let largestAmountFen: Int64 = 1 << 24 - 1

    /// Whether a till could go by what is set.
    var isSensible: Bool {
        let amounts = [saleLimitFen, dayLimitFen, pinAboveFen, allowanceFen, allowanceRefillBelowFen, codeCapFen]
        return heartbeatMilliseconds.map(Self.heartbeatRange.contains) ?? true
            && amounts.allSatisfy { (0...Self.largestAmountFen).contains($0 ?? 0) }
            && (0...600).contains(doubleTapSeconds ?? 0) && (-720...840).contains(minutesEastOfUTC ?? 0)
            && meals?.allSatisfy(\.isSensible) ?? true && dishes?.allSatisfy(\.isSensible) ?? true
            && staleHotlist?.allSatisfy(\.isSensible) ?? true
            && Set(meals?.map(\.number) ?? []).count == meals?.count ?? 0
            && Set(dishes?.map(\.number) ?? []).count == dishes?.count ?? 0
    }
}
