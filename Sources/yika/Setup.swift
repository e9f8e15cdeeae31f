import ArgumentParser
import DataFiles
import Glibc
import Terminal

/// What the configuration at `path` says; exit status 78 where it is malformed, as the daemon's.
func loadSetup(_ path: String) throws -> TerminalSetup {
    do throws(DataFileError) {
        return try TerminalSetup.load(path: path)
    } catch {
        complain("[YK-C01] \(error); correct the file there")
        throw ExitCode(78)
    }
}

/// Says what is wrong on standard error, so that standard output stays what scripts read.
func complain(_ text: String) {
    let line = Array("yika: \(text)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
}
