import ArgumentParser
import Glibc
import Platform

/// The words around a command line that ArgumentParser writes itself, and writes in English.
enum CommandLineWords {
    /// What ArgumentParser says of `error`, help included, in the session's language and to the terminal's width.
    static func told(_ error: any Error) -> String {
        guard Session.language == .chinese else { return Yika.fullMessage(for: error) }
        // It wraps at spaces, and counts characters: Chinese has none, and takes two columns each.
        let text = Yika.fullMessage(for: error, columns: 100_000)
        let isForPrograms = Yika.exitCode(for: error) == .success && !isHelp(text)
        return isForPrograms ? inserted(text) : translated(text, columns: width)
    }

    /// The English `text` of a help or an error with its frame in Chinese.
    static func translated(_ text: String, columns: Int) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            for (english, chinese) in heads where line.hasPrefix(english) {
                let rest = String(line.dropFirst(english.count))
                return chinese + (english == "Error: " ? Phrasebook.commandLines.chinese(rest) ?? rest : rest)
            }
            return Phrasebook.commandLines.chinese(String(line)) ?? String(line)
        }
        return inserted(lines.joined(separator: "\n")).split(separator: "\n", omittingEmptySubsequences: false)
            .map { wrapped(String($0), columns) }.joined(separator: "\n")
    }

    /// Whether it is help for people, not a shell's completions or the description of all commands.
    private static func isHelp(_ text: String) -> Bool { text.hasPrefix("OVERVIEW: ") || text.hasPrefix("USAGE: ") }

    private static let heads = [
        ("OVERVIEW: ", "概述："), ("USAGE: ", "用法："), ("ARGUMENTS:", "参数："), ("OPTIONS:", "选项："),
        ("SUBCOMMANDS:", "子命令："), ("Error: ", "错误："), ("Usage: ", "用法："), ("Help:  ", "帮助："),
    ]

    /// What stands within lines, descriptions of commands for other programs included.
    private static func inserted(_ text: String) -> String {
        text.replacing("Show help information.", with: "显示帮助。")
            .replacing("Show subcommand help information.", with: "显示子命令的帮助。")
            .replacing(/\s?\(default: (.*?)\)/) { "（默认：\($0.1)）" }
    }

    /// `line` in pieces of at most `columns`, the later ones below the beginning of its text.
    private static func wrapped(_ line: String, _ columns: Int) -> String {
        // What was said of an error holds names and paths that people copy.
        guard line.columns > columns, !line.hasPrefix("错误："), !line.hasPrefix("帮助：") else { return line }
        // ArgumentParser's: labels begin in the third column, what is said of them in the 27th.
        let isRow = line.hasPrefix("  ") && line.columns > 26 && Array(line.prefix(26)).last == " "
        let usage = line.hasPrefix("用法：") ? 6 : 0
        let indent = isRow ? 26 : max(usage, line.prefix { $0 == " " }.count)
        var lines: [String] = []
        var current = ""
        for piece in pieces(line) {
            if (current + piece).columns > columns, current.contains(where: { $0 != " " }) {
                lines.append(trimmed(current))
                current = String(repeating: " ", count: indent) + (piece == " " ? "" : piece)
            } else {
                current += piece
            }
        }
        return (lines + [trimmed(current)]).joined(separator: "\n")
    }

    /// The parts that a line may be broken between: a Chinese character with what must not begin a line, or a word.
    private static func pieces(_ line: String) -> [String] {
        var pieces: [String] = []
        for character in line {
            let joins =
                if let last = pieces.last?.last {
                    "，。；：、）”？！".contains(character) || "（“".contains(last)
                        || (character.columns == 1 && last.columns == 1 && (character == " ") == (last == " "))
                } else {
                    false
                }
            if joins, !pieces.isEmpty {
                pieces[pieces.count - 1].append(character)
            } else {
                pieces.append(String(character))
            }
        }
        return pieces
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }

    private static var width: Int {
        if let columns = Session.variable("COLUMNS").flatMap({ Int($0) }), columns > 0 { return columns }
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
