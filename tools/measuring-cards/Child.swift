import Glibc
import Measuring

/// A program that runs beside this one, spoken to line by line over its standard input and output.
final class Child {
    private let process: pid_t
    /// Our end of the line.
    private let descriptor: Int32
    private var isEnded = false

    /// Starts `words`, the program's path first or looked for as a shell would.
    init(_ words: [String]) throws {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Failure("socketpair", code: errno) }
        defer { close(ends[1]) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for stream in [STDIN_FILENO, STDOUT_FILENO] {
            unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], stream)
        }
        var arguments = unsafe words.map { (word: String) in unsafe strdup(word) }
        defer { unsafe arguments.forEach { unsafe free($0) } }
        unsafe arguments.append(nil)
        var process = pid_t()
        let code = unsafe posix_spawnp(&process, words[0], &actions, nil, arguments, environ)
        guard code == 0 else {
            close(ends[0])
            throw Failure("starting \(words[0])", code: code)
        }
        self.process = process
        descriptor = ends[0]
    }

    deinit { end() }

    /// Says `line` and returns the line that comes back.
    func ask(_ line: String) throws -> String {
        let bytes = Array((line + "\n").utf8)
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == bytes.count else { throw Failure("the program beside this one has ended") }
        return try heard()
    }

    /// The next line that it says.
    func heard() throws -> String {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = unsafe read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { throw Failure("the program beside this one has ended") }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }

    /// Ends it, and returns when it is gone.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        kill(process, SIGTERM)
        close(descriptor)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
}
