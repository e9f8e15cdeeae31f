import Foundation
import Glibc

/// The programs of this package, as they were built along with the tests.
public enum Programs {
    /// Where the program called `name` is.
    public static func path(of name: String) throws -> String {
        for folder in folders {
            let path = folder + "/" + name
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw NotBuilt(program: name, folders: folders)
    }

    /// A program that is not where the tests were built.
    public struct NotBuilt: Error {
        /// Its name.
        public let program: String
        /// Where it was looked for.
        public let folders: [String]
    }

    /// The tests run out of an executable in the build folder, or out of a bundle in it.
    private static let folders: [String] = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return ([own] + CommandLine.arguments).flatMap { path -> [String] in
            let url = URL(filePath: path).deletingLastPathComponent()
            return [url.path, url.deletingLastPathComponent().path]
        }
    }()
}

/// A program started by a test, its output kept in files, ended for sure when the test is over.
public final class RunningProgram: @unchecked Sendable {
    private let process = Process()
    private let condition = NSCondition()
    private var hasEnded = false
    private let files: (output: String, errors: String)

    /// Starts `program`.
    ///
    /// - Parameters:
    ///   - name: of its files `<name>.out` and `<name>.err` in `folder`.
    ///   - environment: added to the test's own.
    ///   - input: what it reads from standard input.
    public init(
        _ program: String, _ arguments: [String], name: String, environment: [String: String] = [:],
        input: String = "", folder: String
    ) throws {
        files = (folder + "/\(name).out", folder + "/\(name).err")
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        // Whoever runs the tests may speak Chinese; what programs say to them is compared in English.
        process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }
            .merging(environment) { $1 }
        process.standardInput = try Self.input(input, folder + "/\(name).in")
        process.standardOutput = try Self.open(files.output)
        process.standardError = try Self.open(files.errors)
        process.terminationHandler = { [condition, weak self] _ in
            condition.lock()
            self?.hasEnded = true
            condition.broadcast()
            condition.unlock()
        }
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// What it has printed so far.
    public var output: String { Self.text(files.output) }
    /// What it has complained of so far.
    public var errors: String { Self.text(files.errors) }
    /// Whether it still runs.
    public var isRunning: Bool { process.isRunning }

    /// Sends it a signal.
    public func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits until it has ended: its exit status, or 128 and the signal's number; `nil` when patience is over.
    public func waitForExit(seconds: Double = 60) -> Int32? {
        let deadline = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while !hasEnded {
            if !condition.wait(until: deadline) { return nil }
        }
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// Runs `program` to its end: what it printed. Throws ``Failed`` when its exit status is not 0.
    public static func run(_ program: String, _ arguments: [String], name: String, folder: String) throws -> String {
        let run = "\(name)-\(UInt32.random(in: 0...UInt32.max))"
        let program = try RunningProgram(program, arguments, name: run, folder: folder)
        let status = program.waitForExit()
        guard status == 0 else { throw Failed(name: name, status: status, errors: program.errors) }
        return program.output
    }

    /// A program that did not do what it was asked for.
    public struct Failed: Error {
        /// Its name.
        public let name: String
        /// Its exit status; `nil`: it did not end.
        public let status: Int32?
        /// What it complained of.
        public let errors: String

        /// The failure of the program called `name`.
        public init(name: String, status: Int32?, errors: String) {
            self.name = name
            self.status = status
            self.errors = errors
        }
    }

    private static func input(_ text: String, _ path: String) throws -> FileHandle {
        guard !text.isEmpty else { return .nullDevice }
        try Data(text.utf8).write(to: URL(filePath: path))
        return try FileHandle(forReadingFrom: URL(filePath: path))
    }

    private static func open(_ path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.seekToEnd()
        return handle
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
