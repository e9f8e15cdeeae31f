import ArgumentParser
import Glibc
import Health
import Platform

/// What a command's exit status means, the same in all of them; `yika --help` and every man page say so.
enum ExitStatus: Int32 {
    /// Done, and nothing is wrong.
    case well = 0
    /// Looked or tried, and something is wrong; what, and the next step, was told.
    case trouble = 1
    /// What was to be looked at cannot be reached or read: no daemon answers, no reader, no file.
    case unreachable = 2
    /// There was nothing to do.
    case nothingToDo = 3
    /// The command line is wrong (sysexits.h).
    case usage = 64
    /// Not allowed to; root or the group yika may (sysexits.h).
    case notAllowed = 77
    /// The configuration is malformed (sysexits.h).
    case configuration = 78
}

/// Why a command could not do what was asked, with the one thing to do next.
struct Complaint: Error {
    /// A stable code for people and scripts, such as `YK-C01` or `no-daemon`.
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
    init(_ notice: Notice, _ status: ExitStatus, detail: String) {
        self.init(
            notice.code, status,
            problem: Text("\(notice.title.chinese)（\(detail)）", "\(notice.title.english) (\(detail))"),
            nextStep: notice.nextStep)
    }
}

/// The one JSON object that stands in for a result under `--json` when there is none; never translated.
private struct Failure: Encodable {
    struct Particulars: Encodable {
        let code: String
        let message: String
        let nextStep: String?
        let exitStatus: Int32
    }
    let error: Particulars
}

extension Complaint {
    /// Tells it where it belongs: in words on standard error, or as the JSON that was asked for.
    func tell() {
        if Session.isJSON {
            Self.write(Failure(error: .init(self)))
        } else {
            complain("[\(code)] \(problem.here)\(words("；", "; "))\(nextStep.here)")
        }
    }

    /// Ends the program as `error` says; help that was asked for is no error.
    static func end(_ error: any Error) -> Never {
        if let complaint = error as? Complaint {
            complaint.tell()
            exit(complaint.status.rawValue)
        }
        let status = Yika.exitCode(for: error)
        // A bare status means that everything was told already.
        guard Session.isJSON, status != .success, !(error is ExitCode) else { Yika.exit(withError: error) }
        write(Failure(error: .init(usage: Yika.message(for: error), status: status.rawValue)))
        exit(status.rawValue)
    }

    private static func write(_ failure: Failure) {
        if let line = try? jsonLine(failure) { print(line) }
        fflush(nil)
    }
}

extension Failure.Particulars {
    init(_ complaint: Complaint) {
        self.init(
            code: complaint.code, message: complaint.problem.english, nextStep: complaint.nextStep.english,
            exitStatus: complaint.status.rawValue)
    }

    init(usage message: String, status: Int32) {
        self.init(code: "usage", message: message, nextStep: "run the command with --help", exitStatus: status)
    }
}
