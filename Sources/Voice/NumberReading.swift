public import Platform

/// How numbers are read aloud in a language: as words that a pack holds the sound of.
public enum NumberReading: String, Sendable, CaseIterable {
    /// Mandarin as it is spoken at a counter: 两元五角, 一万零一十.
    case mandarin = "zh"
    /// English, amounts as a decimal fraction: “two point five yuan”. Visitors do not know what jiao and fen are.
    case english = "en"

    /// What can be read: 0.00 to 99,999.99.
    public static let amounts = Fen.zero...Fen(9_999_999)
    /// What can be counted.
    public static let counts = 0...99_999

    /// The reading for a language tag such as `zh-CN`; `nil` for a language whose numbers nobody has taught us.
    public init?(language: String) {
        self.init(rawValue: String(language.prefix { $0 != "-" }))
    }

    /// The words of `amount`, or `nil` outside ``amounts``.
    public func words(_ amount: Fen) -> [String]? {
        guard Self.amounts.contains(amount) else { return nil }
        let (yuan, fen) = (Int(amount.rawValue / 100), Int(amount.rawValue % 100))
        return switch self {
        case .mandarin: Mandarin.amount(yuan: yuan, jiao: fen / 10, fen: fen % 10)
        case .english: English.amount(yuan: yuan, fen: fen)
        }
    }

    /// The words of a number of things, or `nil` outside ``counts``; in Mandarin a measure word has to follow.
    public func words(_ count: Int) -> [String]? {
        guard Self.counts.contains(count) else { return nil }
        return switch self {
        case .mandarin: count == 2 ? ["两"] : Mandarin.number(count)
        case .english: English.number(count)
        }
    }
}

/// Mandarin numbers. A digit and the unit after it are one word, since its tone depends on the unit.
private enum Mandarin {
    private static let digits = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"]

    /// The digit before a unit that makes a quantity of it: 两百, 两元, but 二十.
    private static func quantity(_ digit: Int, _ unit: String) -> String {
        (digit == 2 ? "两" : digits[digit]) + unit
    }

    /// 0...99,999.
    static func number(_ value: Int) -> [String] {
        guard value > 0 else { return [digits[0]] }
        var words: [String] = []
        var isGap = false
        func add(_ word: String) {
            if isGap { words.append(digits[0]) }
            isGap = false
            words.append(word)
        }
        for (unit, size) in [("万", 10_000), ("千", 1_000), ("百", 100)] {
            let digit = value / size % 10
            if digit > 0 { add(quantity(digit, unit)) } else { isGap = !words.isEmpty }
        }
        let (tens, ones) = (value / 10 % 10, value % 10)
        if tens > 0 {
            // 十二, but 一百一十二.
            add(tens == 1 && words.isEmpty ? "十" : digits[tens] + "十")
        } else {
            isGap = !words.isEmpty
        }
        if ones > 0 { add(digits[ones]) }
        return words
    }

    /// Yuan are left out where there are none: 五角; a 零 stands for the jiao that are skipped: 两元零五分.
    static func amount(yuan: Int, jiao: Int, fen: Int) -> [String] {
        var words: [String] = []
        if yuan > 0 || (jiao == 0 && fen == 0) {
            words = yuan == 2 ? ["两"] : number(yuan)
            words[words.count - 1] += "元"
        }
        if jiao > 0 { words.append(quantity(jiao, "角")) }
        if jiao == 0, fen > 0, yuan > 0 { words.append(digits[0]) }
        if fen > 0 { words.append(quantity(fen, "分")) }
        return words
    }
}

/// English numbers, without “and”.
private enum English {
    private static let ones = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ]
    private static let tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

    /// 0...99,999.
    static func number(_ value: Int) -> [String] {
        if value < 20 { return [ones[value]] }
        let (word, rest, head): (String, Int, [String]) =
            switch value {
            case ..<100: (tens[value / 10 - 2], value % 10, [])
            case ..<1_000: ("hundred", value % 100, number(value / 100))
            default: ("thousand", value % 1_000, number(value / 1_000))
            }
        return head + [word] + (rest > 0 ? number(rest) : [])
    }

    /// Digits after the point are read one by one, and a last nought is not: “twelve point five yuan”.
    static func amount(yuan: Int, fen: Int) -> [String] {
        var words = number(yuan)
        if fen > 0 {
            words += ["point", ones[fen / 10]]
            if fen % 10 > 0 { words.append(ones[fen % 10]) }
        }
        return words + ["yuan"]
    }
}
