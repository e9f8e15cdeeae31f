import FoundationEssentials
import Glibc
import Journal
import Measuring
import Platform

/// What opening a journal took, measured in the process that did nothing else.
struct Opening: Codable {
    var seconds: Double
    var peakMegabytes: Double
    var records: Int

    /// Opens the journal in `directory` here.
    static func here(_ directory: String) throws -> Opening {
        let start = nanoseconds()
        let writer = try JournalWriter.open(
            storage: try FileStorage(directory: directory), terminal: 1, key: sampleKey, time: SystemTime())
        let seconds = Double(nanoseconds() - start) / 1e9
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        return Opening(
            seconds: seconds, peakMegabytes: Double(usage.ru_maxrss) * 1024 / 1e6, records: Int(writer.lastSequence))
    }

    /// Opens it in a child of this program.
    static func inChild(_ directory: String, expecting records: Int) throws -> Opening {
        let output = directory + ".opening"
        var child = pid_t()
        let words = ["measure-journal", "open", directory, output]
        var arguments = unsafe words.map { (word: String) in unsafe strdup(word) }
        defer { unsafe arguments.forEach { unsafe free($0) } }
        unsafe arguments.append(nil)
        let code = unsafe posix_spawn(&child, "/proc/self/exe", nil, nil, arguments, environ)
        guard code == 0 else { throw Failure("cannot start this program again: error \(code)") }
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw Failure.errno("waitpid", "") }
        }
        guard status == 0 else { throw Failure("opening \(directory) ended with wait status \(status)") }
        let found = try JSONDecoder().decode(Opening.self, from: Data(contentsOf: URL(filePath: output)))
        guard found.records == records else {
            throw Failure("\(directory) holds \(found.records) records instead of \(records)")
        }
        return found
    }
}
