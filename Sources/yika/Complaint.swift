import ArgumentParser
import Glibc
import Health
import Platform

/// Why a command could not do what was asked, with the one thing to do next.
struct Complaint: Error {
    /// A stable code for people and scripts: a notice's, such as `YK-C01`, or one of ``ComplaintCode``.
    let code: String
    /// What is the matter.
    let problem: Text
    /// The one thing to do next.
    let nextStep: Text
    /// What the program ends with.
    let status: ExitStatus

    init(_ code: String, _ status: ExitStatus, problem: Text, nextStep: Text) {
        self.code = code
        self.status = status
        self.problem = problem
        self.nextStep = nextStep
    }
}

extension Complaint {
    /// A condition that is in the way, with its own words.
    init(_ notice: Notice, _ status: ExitStatus, detail: Text) {
        self.init(
            notice.code, status,
            problem: Text(
                "\(notice.title.chinese)（\(detail.chinese)）", "\(notice.title.english) (\(detail.english))"),
            nextStep: notice.nextStep)
    }

    /// The same, with particulars that are the same in both languages.
    init(_ notice: Notice, _ status: ExitStatus, detail: String) {
        self.init(notice, status, detail: Text(detail, detail))
    }
}

/// The one JSON object that stands in for a result under `--json` when there is none; never translated.
///
/// A result that comes with a complaint has the same particulars in a field `error` of its own.
struct Failure: Encodable {
    struct Particulars: Encodable {
        let code: String
        let message: String
        let nextStep: String?
        let exitStatus: Int32
    }
    let error: Particulars
}

extension Complaint {
    /// It in one line, in the session's language.
    var line: String { "[\(code)] \(problem.here)\(words("；", "; "))\(nextStep.here)" }

    /// What ends a command whose result was told already: under `--json` that result holds the complaint as its `error`.
    var afterResult: any Error { Session.isJSON ? ExitCode(status) : self }

    /// Tells it where it belongs: in words on standard error, or as the JSON that was asked for.
    func tell() {
        if Session.isJSON { Self.write(Failure(error: .init(self))) } else { complain(line) }
    }

    /// Ends the program as `error` says; help that was asked for is no error.
    static func end(_ error: any Error) -> Never {
        if let complaint = error as? Complaint {
            complaint.tell()
            exit(complaint.status.rawValue)
        }
        let status = Yika.exitCode(for: error)
        // A bare status means that everything was told already.
        if error is ExitCode { exit(status.rawValue) }
        if status == .success {
            tellHelp(CommandLineWords.told(error))
        } else if Session.isJSON {
            write(Failure(error: .init(commandLine: Yika.message(for: error), status: status.rawValue)))
        } else {
            standardError(CommandLineWords.told(error).trimmed + "\n")
        }
        exit(status.rawValue)
    }

    private static func tellHelp(_ text: String) {
        let text = text.trimmed
        // Of what is asked for like help, the description of all commands is JSON already.
        if Session.isJSON, !text.hasPrefix("{"), let line = try? jsonLine(["help": text]) {
            print(line)
        } else {
            print(text)
        }
    }

    private static func write(_ failure: Failure) {
        if let line = try? jsonLine(failure) { print(line) }
        fflush(nil)
    }
}

extension String {
    /// Without line ends behind it.
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last?.isNewline == true { text = text.dropLast() }
        return String(text)
    }
}

extension Failure.Particulars {
    init(_ complaint: Complaint) {
        self.init(
            code: complaint.code, message: complaint.problem.english, nextStep: complaint.nextStep.english,
            exitStatus: complaint.status.rawValue)
    }

    init(commandLine message: String, status: Int32) {
        self.init(
            code: ComplaintCode.usage, message: message, nextStep: "run the command with --help", exitStatus: status)
    }
}
