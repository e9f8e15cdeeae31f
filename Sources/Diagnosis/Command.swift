import CLinux
import Glibc
import Platform

/// Another program, run for what it says.
public enum Command {
    /// Why there is no output.
    public enum Failure: Error, Hashable {
        /// It could not be started.
        case notStarted(Int32)
        /// It did not end in time and was killed; what it had said is lost.
        case tooSlow
    }

    /// Runs `arguments`, the first of which is the program, looked for on the `PATH`.
    ///
    /// - Returns: what it said on both outputs, at most `limit` bytes of it, and how it ended.
    static func run(
        _ arguments: [String], seconds: Int64 = 10, limit: Int = 4 << 20
    ) throws(Failure) -> (output: [UInt8], status: Int32) {
        try run(arguments, seconds: seconds, limit: limit, input: nil, errors: nil)
    }

    /// Gives `input` to a program, and takes what it makes of it; neither ever lies on a disk.
    ///
    /// - Returns: its standard output; what it said of errors; how it ended.
    public static func filter(
        _ input: [UInt8], through arguments: [String], seconds: Int64 = 30
    ) throws(Failure) -> (output: [UInt8], errors: String, status: Int32) {
        let given = try memoryFile()
        let errors = try memoryFile()
        var written = 0
        while written < input.count {
            let count = unsafe input[written...].withUnsafeBytes {
                unsafe write(given.number, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw .notStarted(errno) }
            written += count
        }
        lseek(given.number, 0, SEEK_SET)
        let (output, status) = try run(
            arguments, seconds: seconds, limit: 4 << 20, input: given.number, errors: errors.number)
        lseek(errors.number, 0, SEEK_SET)
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(errors.number, &buffer, buffer.count)
        return (output, String(decoding: buffer[..<max(0, count)], as: UTF8.self), status)
    }

    private static func memoryFile() throws(Failure) -> Descriptor {
        let number = unsafe yika_memory_file("yika")
        guard number >= 0 else { throw .notStarted(errno) }
        return Descriptor(adopting: number)
    }

    private static func run(
        _ arguments: [String], seconds: Int64, limit: Int, input: Int32?, errors: Int32?
    ) throws(Failure) -> (output: [UInt8], status: Int32) {
        var ends: [Int32] = [0, 0]
        guard unsafe yika_pipe(&ends) == 0 else { throw .notStarted(errno) }
        let reader = Descriptor(adopting: ends[0])
        let process = try spawn(arguments, output: Descriptor(adopting: ends[1]), input: input, errors: errors)
        let time = SystemTime()
        let deadline = time.now().advanced(milliseconds: seconds * 1000)
        var output: [UInt8] = []
        while let bytes = read(reader.number, until: deadline, time) {
            if output.count < limit { output += bytes }
            if bytes.isEmpty { break }
        }
        var status: Int32 = 0
        if time.now() >= deadline { kill(process, SIGKILL) }
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        if time.now() >= deadline, output.isEmpty { throw .tooSlow }
        return (Array(output.prefix(limit)), status)
    }

    /// `output` is closed here: once nobody but the program holds it, its end is the output's.
    private static func spawn(
        _ arguments: [String], output: consuming Descriptor, input: Int32?, errors: Int32?
    ) throws(Failure) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let input {
            unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, output.number, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors ?? output.number, STDERR_FILENO)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let status = unsafe posix_spawnp(&process, arguments[0], &actions, nil, &words, environ)
        guard status == 0 else { throw .notStarted(status) }
        return process
    }

    /// What came; empty at the end, `nil` when the time is over.
    private static func read(_ descriptor: Int32, until deadline: Instant, _ time: SystemTime) -> [UInt8]? {
        while true {
            let left = deadline.milliseconds(since: time.now())
            guard left > 0 else { return nil }
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&wait, 1, Int32(clamping: left))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            return count > 0 ? Array(buffer[..<count]) : []
        }
    }
}
