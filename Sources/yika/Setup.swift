import ArgumentParser
import DataFiles
import FoundationEssentials
import Glibc
import Health
import Platform
import Terminal

/// Where packages put the configuration: the one meant where none is named.
let usualConfiguration = "/etc/yika/yikad.json5"

/// `path` below `device-profiles`, or the same where packages put it: on a terminal's box there is no checkout.
func installed(_ path: String) -> String {
    guard path.hasPrefix("device-profiles/"), unsafe access(path, R_OK) != 0 else { return path }
    let there = "/usr/share/yika/" + path
    return unsafe access(there, R_OK) == 0 ? there : path
}

/// The path that was given, or that of the usual configuration where there is one.
func configurationPath(_ given: String?) -> String? {
    given ?? (FileManager.default.fileExists(atPath: usualConfiguration) ? usualConfiguration : nil)
}

/// The path that was given, or that of the usual configuration.
///
/// - Throws: where it is not there, or may not be read.
func readableConfiguration(_ given: String?) throws(Complaint) -> String {
    let path = given ?? usualConfiguration
    guard unsafe access(path, R_OK) != 0 else { return path }
    throw errno == ENOENT ? .configurationMissing(path) : Complaint(unreadable: path, errno, option: "--config")
}

/// What the configuration says: the one at the path that was given, or else the usual one.
///
/// - Throws: where there is none, it may not be read or is malformed.
func loadSetup(_ given: String?) throws(Complaint) -> TerminalSetup {
    let path = try readableConfiguration(given)
    do throws(DataFileError) { return try TerminalSetup.load(path: path) } catch { throw .configurationInvalid(error) }
}

extension Complaint {
    /// There is no configuration at `path`.
    static func configurationMissing(_ path: String) -> Complaint {
        let notice = Notice.configurationMissing
        return Complaint(
            notice.code, .configuration, problem: Complaint(notice, .configuration, detail: path).problem,
            nextStep: Text(
                "\(notice.nextStep.chinese)，或用 --config 指定另一个",
                "\(notice.nextStep.english), or name another with --config"))
    }

    /// The configuration, or a file that it names, is malformed.
    static func configurationInvalid(_ error: DataFileError) -> Complaint {
        let notice = Notice.configurationInvalid
        return Complaint(notice.code, .configuration, problem: error.text, nextStep: notice.nextStep)
    }
}

/// Says what is wrong on standard error, so that standard output stays what scripts read.
func complain(_ text: String) { standardError("yika: \(text)\n") }
