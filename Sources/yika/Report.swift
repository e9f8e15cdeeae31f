import Glibc
import Health
import Platform

/// Lines for people: marks and colours on a terminal, plain words elsewhere.
enum Report {
    /// How a line stands.
    enum Mark {
        case well, trouble, severe, skipped

        fileprivate var sign: String {
            switch self {
            case .well: "✓"
            case .trouble: "!"
            case .severe: "✗"
            case .skipped: "-"
            }
        }

        /// SGR colours (ECMA-48): green, yellow, red, grey.
        fileprivate var colour: String {
            switch self {
            case .well: "32"
            case .trouble: "33"
            case .severe: "31"
            case .skipped: "90"
            }
        }
    }

    /// `sign` in its colour.
    static func sign(_ mark: Mark) -> String { coloured(mark.sign, mark.colour) }

    /// `text` in bold.
    static func bold(_ text: String) -> String { coloured(text, "1") }

    private static func coloured(_ text: String, _ code: String) -> String {
        Session.isColourful ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Rows of a label and its value, the values below each other.
    static func table(_ rows: [(label: String, value: String)]) {
        let width = (rows.map { columns($0.label) }.max() ?? 0) + 2
        for (label, value) in rows {
            print(label + String(repeating: " ", count: width - columns(label)) + value)
        }
    }

    /// How many columns of a terminal a text takes: two for each Chinese character and full-width sign (UAX #11).
    static func columns(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar.value {
            case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
                0xFFE0...0xFFE6:
                sum + 2
            default: sum + 1
            }
        }
    }

    /// A span of time, in the largest unit that still says something.
    static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<0: words("未来", "the future")
        case ..<120: words("\(seconds) 秒", "\(seconds) s")
        case ..<7200: words("\(seconds / 60) 分钟", "\(seconds / 60) min")
        case ..<172_800: words("\(seconds / 3600) 小时", "\(seconds / 3600) h")
        default: words("\(seconds / 86_400) 天", "\(seconds / 86_400) days")
        }
    }
}

extension Notice.Severity {
    var mark: Report.Mark { self == .outOfService ? .severe : .trouble }
}
