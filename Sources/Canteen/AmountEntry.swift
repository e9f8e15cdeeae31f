public import Platform

/// An amount as a cashier types it: yuan, a point, at most two decimals; and with `+` several of them.
public struct AmountEntry: Hashable, Sendable {
    /// What `+` and dishes have gathered.
    public private(set) var sum = Fen.zero
    /// The digits typed since.
    private var yuan: [UInt8] = []
    private var decimals: [UInt8]?

    /// Nothing typed.
    public init() {}

    /// More digits make an amount that no till asks for; the fat finger that types them is passed over.
    private static let mostYuanDigits = 5

    /// Whether nothing was typed.
    public var isEmpty: Bool { sum == .zero && !hasDigits }

    /// Whether digits wait that no `+` has gathered.
    public var hasDigits: Bool { !yuan.isEmpty || decimals != nil }

    /// What was typed since the last `+`.
    public var typed: Fen {
        let whole = yuan.reduce(0) { $0 * 10 + Int64($1) }
        let cents = ((decimals ?? []) + [0, 0]).prefix(2).reduce(0) { $0 * 10 + Int64($1) }
        return Fen(whole * 100 + cents)
    }

    /// All of it.
    public var amount: Fen { sum + typed }

    /// What was typed, as it was typed: `8.00+4.5`.
    public var text: String {
        let digits = yuan.map(String.init).joined()
        let rest = decimals.map { (digits.isEmpty ? "0" : digits) + "." + $0.map(String.init).joined() } ?? digits
        return sum == .zero ? rest : "\(sum)+" + rest
    }

    /// The whole number typed, for dishes and operators; `nil` with a point, or without digits.
    public var number: Int? { decimals == nil && !yuan.isEmpty ? yuan.reduce(0) { $0 * 10 + Int($1) } : nil }

    /// A digit, 0...9.
    public mutating func type(_ digit: UInt8) {
        precondition(digit <= 9, "a digit is 0 to 9")
        if let decimals {
            if decimals.count < 2 { self.decimals = decimals + [digit] }
        } else if yuan.count < Self.mostYuanDigits, digit > 0 || !yuan.isEmpty {
            yuan.append(digit)
        } else if yuan.isEmpty, digit == 0 {
            // 0.50 is typed with its nought, or without.
            yuan = []
        }
    }

    /// The point.
    public mutating func point() { decimals = decimals ?? [] }

    /// Takes the last key back; with nothing typed, the whole sum.
    public mutating func back() {
        if let last = decimals {
            decimals = last.isEmpty ? nil : last.dropLast()
        } else if !yuan.isEmpty {
            yuan.removeLast()
        } else {
            sum = .zero
        }
    }

    /// Gathers what was typed.
    public mutating func plus() {
        sum = min(amount, Fen(99_999_99))
        (yuan, decimals) = ([], nil)
    }

    /// Adds the price of a dish in place of the number typed.
    public mutating func add(_ price: Fen) {
        (yuan, decimals) = ([], nil)
        sum = min(sum + price, Fen(99_999_99))
    }
}
