import Foundation
import Platform
import TestSupport
import Testing

/// A text that is compared with a committed file, word for word.
///
/// `YIKA_GOLDEN=write` writes the file instead; read the difference before you commit it.
enum Golden {
    private static let folder = Repository.root + "/Tests/YikaToolTests/Golden"
    static let isWriting = ProcessInfo.processInfo.environment["YIKA_GOLDEN"] == "write"
    static let advice =
        "run: YIKA_GOLDEN=write swift test --filter YikaToolTests; then read git diff, and commit what is right"

    static func fileName(_ name: String, _ language: Language) -> String {
        "\(name).\(language == .chinese ? "zh" : "en").txt"
    }

    /// All that are committed.
    static func files() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".txt") })
    }

    static func compare(_ text: String, with name: String, _ language: Language) throws {
        let file = fileName(name, language)
        let path = folder + "/" + file
        if isWriting { return try text.write(toFile: path, atomically: true, encoding: .utf8) }
        guard let expected = try? String(contentsOfFile: path, encoding: .utf8) else {
            Issue.record("Golden/\(file) is not there; \(advice)")
            return
        }
        if text == expected { return }
        let pairs = zip(lines(text), lines(expected)).enumerated()
        let first = pairs.first { $0.element.0 != $0.element.1 }
        let place = first.map { "line \($0.offset + 1) is\n  \($0.element.0)\nnot\n  \($0.element.1)" }
        Issue.record("Golden/\(file): \(place ?? "one is longer than the other"); if that is meant, \(advice)")
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// A run as a file tells it: the command line, what it printed, `!` before what it complained of, the exit status.
    static func text(_ arguments: [String], _ run: Tool.Run) -> String {
        let errors = run.errors.split(separator: "\n").map { "! \($0)\n" }.joined()
        let status = run.status.map { "\($0)" } ?? "none"
        return steady("$ yika \(arguments.joined(separator: " "))\n\(run.output)\(errors)= \(status)\n")
    }

    /// What varies from run to run, replaced.
    private static func steady(_ text: String) -> String {
        text.replacing(/"(milliseconds|\w+Milliseconds|oldest\w*Seconds)":[\d.]+/) { "\"\($0.1)\":0" }
            .replacing(/oldest from \d+ (s|min|h|days) ago/, with: "oldest from TIME ago")
            .replacing(/最早的在\d+ (秒|分钟|小时|天)前/, with: "最早的在TIME前")
            .replacing(/(after |it took +|用时 +)\d+ ms/) { "\($0.1)TIME ms" }
            .replacing(/，\d+ ms\n/, with: "，TIME ms\n")
            .replacing(/[\d.]+ (least|median|p99|most)/) { "TIME \($0.1)" }
            .replacing(/(最短|中位|99 %|最长) [\d.]+/) { "\($0.1) TIME" }
            .replacing(/[\d.]+ 毫秒/, with: "TIME 毫秒")
            .replacing(/commands, [\d.]+ ms/, with: "commands, TIME ms")
            .replacing(/\t\d+ ms\t/, with: "\tTIME ms\t")
            .replacing(/card work  [\d.]+ ms, budget 1000; [\d.]+ ms/, with: "card work  TIME ms, budget 1000; TIME ms")
    }
}
