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

        fileprivate var colour: Paint.Colour {
            switch self {
            case .well: .green
            case .trouble: .yellow
            case .severe: .red
            case .skipped: .plain
            }
        }
    }

    /// `sign` in its colour.
    static func sign(_ mark: Mark) -> String { Paint().text(mark.sign, as: mark.colour) }

    /// `text` in bold.
    static func bold(_ text: String) -> String { Paint().text(text, as: .bold) }

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
