/// How text lies in the columns of a text terminal.
extension StringProtocol {
    /// The columns that it takes: two for a wide character, such as a Chinese one, one for any other.
    public var columns: Int { reduce(0) { $0 + $1.columns } }

    /// This text, with spaces behind it until it takes `columns`.
    public func padded(to columns: Int) -> String {
        String(self) + String(repeating: " ", count: Swift.max(0, columns - self.columns))
    }
}

extension Character {
    /// The columns that it takes.
    public var columns: Int {
        guard let first = unicodeScalars.first?.value, first >= 0x1100 else { return 1 }
        return Self.wide.contains { $0.contains(first) } ? 2 : 1
    }

    /// What Unicode 15.1's EastAsianWidth.txt calls W or F, with what is unassigned between them: letters of East Asia,
    /// full-width forms, pictures. wcwidth(3) would ask a locale that a terminal's box need not have.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
        0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F,
        0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}
