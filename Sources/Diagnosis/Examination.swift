import DataFiles
import DeviceProfiles
import FoundationEssentials
import Glibc
import Health
import Platform
import SmartCard
import Terminal

/// One look at a box: what several checks need is found out once. Used on one thread.
public final class Examination {
    let box: Box

    /// An examination of `box`.
    public init(_ box: Box) { self.box = box }

    /// The configuration as far as it can be read without credentials.
    lazy var setup: Result<TerminalSetup, DataFileError> = Result { () throws(DataFileError) in
        try TerminalSetup.load(path: box.configuration)
    }

    /// The whole configuration; `nil` where another check has told why there is none.
    lazy var configuration: Configuration? = try? Configuration.load(path: box.configuration)

    /// What the daemon says of itself.
    lazy var status: Result<StatusReport, ControlQuestionError> = Result { () throws(ControlQuestionError) in
        guard let path = (try? setup.get())?.controlSocket else { throw .notThere("no controlSocket is configured") }
        return try box.daemon(path)
    }

    /// The running daemon's answer; `nil`: none runs, or it does not answer.
    var daemon: StatusReport? { try? status.get() }

    /// The readers that pcscd knows.
    lazy var readers: Result<[String], PCSCError> = Result { () throws(PCSCError) in try box.readers() }

    /// The reader profiles.
    lazy var profiles = ProfileLibrary.load(
        directory: ((try? setup.get())?.profiles ?? "/usr/share/yika/device-profiles") + "/readers")

    lazy var drivers = box.drivers()
    lazy var devices = box.usb()

    /// A file of the box's system; `nil`: it is not there.
    func text(_ path: String) -> String? {
        try? String(contentsOfFile: box.root + path, encoding: .utf8)
    }

    /// The names in a folder of the box's system.
    func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: box.root + path)) ?? []).sorted()
    }
}

/// Looks at a whole box.
public enum Diagnosis {
    /// Runs `checks` one after another, whatever any of them finds.
    ///
    /// - Parameter each: told of each check when it is done.
    /// - Returns: everything found, in order.
    public static func run(
        _ box: Box, checks: [Check] = Check.all, each: (Check, [Finding]) -> Void = { _, _ in }
    ) -> [Finding] {
        let examination = Examination(box)
        var found: [Finding] = []
        for check in checks {
            var findings = check.run(examination)
            // The daemon's conditions come last: what was found by looking need not be said again.
            if check.name == Check.conditions.name {
                let known = Set(found.compactMap(\.notice?.code))
                findings.removeAll { $0.notice.map { known.contains($0.code) } ?? false }
            }
            each(check, findings)
            found += findings
        }
        return found
    }
}
