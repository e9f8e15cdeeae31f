import ArgumentParser
import DataFiles
import FoundationEssentials
import Glibc
import Platform
import Terminal

/// Where packages put the configuration: the one meant where none is named.
let usualConfiguration = "/etc/yika/yikad.json5"

/// The path that was given, or that of the usual configuration where there is one.
func configurationPath(_ given: String?) -> String? {
    given ?? (FileManager.default.fileExists(atPath: usualConfiguration) ? usualConfiguration : nil)
}

/// What the configuration says: the one at the path that was given, or else the usual one.
///
/// - Throws: a ``Complaint`` where there is none, it may not be read or is malformed.
func loadSetup(_ given: String?) throws -> TerminalSetup {
    guard let path = configurationPath(given) else {
        throw Complaint(
            ComplaintCode.noConfiguration, .usage,
            problem: Text(
                "没有 \(usualConfiguration)，也没有指定别的配置文件",
                "there is no \(usualConfiguration), and no other configuration was named"),
            nextStep: Text("用 --config 指定配置文件", "name the configuration with --config"))
    }
    if unsafe access(path, R_OK) != 0 {
        throw Complaint(unreadable: path, errno, option: "--config")
    }
    do throws(DataFileError) {
        return try TerminalSetup.load(path: path)
    } catch {
        throw Complaint(
            "YK-C01", .configuration, problem: error.text, nextStep: Text("按提示修正该文件", "correct the file there"))
    }
}

/// Says what is wrong on standard error, so that standard output stays what scripts read.
func complain(_ text: String) { standardError("yika: \(text)\n") }
