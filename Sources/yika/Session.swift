import ArgumentParser
import Glibc
import Platform

/// What the technician's terminal session is like.
enum Session {
    /// The language in which words are written: by the locale; under `--json` English, as nothing there is translated.
    static let language = isJSON ? .english : Language { variable($0) }

    /// Whether colours are wanted: on a terminal, and not refused (no-color.org).
    static var isColourful: Bool {
        isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR") == nil && variable("TERM") != "dumb"
    }

    /// Whether `--json` was asked for: then standard output holds JSON alone, whatever happens.
    static let isJSON = CommandLine.arguments.dropFirst().prefix { $0 != "--" }.contains("--json")

    /// The value of an environment variable; `nil` where it is empty or not there.
    static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}

extension Text {
    /// The words in the session's language.
    var here: String { self[Session.language] }
}

/// Shorthand for words that are written at once in the session's language.
func words(_ chinese: String, _ english: String) -> String { Text(chinese, english).here }

/// The help of an option or argument, in the session's language.
func hint(_ chinese: String, _ english: String) -> ArgumentHelp { ArgumentHelp(words(chinese, english)) }

/// Something and something else: a list's items as the session's language joins them.
func list(_ items: [String]) -> String { items.joined(separator: words("、", ", ")) }
