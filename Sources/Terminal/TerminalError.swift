import DataFiles
import Health

/// Why the daemon cannot start, with the exit status of sysexits.h that says so.
public struct TerminalError: Error, Sendable, CustomStringConvertible {
    /// What is wrong and where.
    public let description: String
    /// 78 (`EX_CONFIG`) for a configuration to be corrected; 75 (`EX_TEMPFAIL`) for something in the way now.
    public let exitStatus: Int32

    /// Something in a file is to be corrected; `problem` names file, place and what was expected.
    static func configuration(_ problem: String) -> TerminalError {
        .init(description: "[\(Notice.configurationInvalid.code)] \(problem); correct the file there", exitStatus: 78)
    }
    static func configuration(_ file: String, _ place: String, expected: String) -> TerminalError {
        .configuration(DataFileError(file: file, path: place, expected: expected).description)
    }
    static func busy(_ problem: String) -> TerminalError { .init(description: problem, exitStatus: 75) }
}
