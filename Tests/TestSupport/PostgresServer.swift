import Foundation
import Synchronization

/// A PostgreSQL server of the tests' own, started when the first of them asks and gone when the test process is.
///
/// It syncs nothing to the disk: these tests pull no plug on it.
public final class PostgresServer: @unchecked Sendable {
    /// The one that the tests share; each of them uses a schema of its own.
    public static let shared = Result { try PostgresServer() }

    /// The database's URL.
    public let url: String
    private let input: FileHandle
    private let output: FileHandle
    private let schemas = Atomic<Int>(0)

    /// Starts a server.
    public init(arguments: [String] = []) throws {
        let process = Process()
        process.executableURL = URL(filePath: Repository.root + "/tools/postgres")
        process.arguments = arguments
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        (self.input, self.output) = (input.fileHandleForWriting, output.fileHandleForReading)
        url = try Self.line(from: self.output)
    }

    deinit { try? input.close() }

    /// The URL of a schema that nobody else uses; empty until a ledger makes its tables there.
    public func freshSchema() throws -> String {
        let name = "t\(schemas.add(1, ordering: .relaxed).newValue)"
        try psql("CREATE SCHEMA \(name)")
        return url + "?options=-csearch_path%3D\(name)"
    }

    /// Runs SQL as the database's own shell does.
    public func psql(_ sql: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(what: sql) }
    }

    /// Ends the server as a crash does, and starts it again.
    public func restart() throws {
        try input.write(contentsOf: Data("restart\n".utf8))
        guard try Self.line(from: output) == "restarted" else { throw Failed(what: "restart") }
    }

    /// The server did not do something.
    public struct Failed: Error {
        /// What it was to do.
        public let what: String
    }

    private static func line(from handle: FileHandle) throws -> String {
        var line: [UInt8] = []
        while let byte = try handle.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") { line.append(byte) }
        guard !line.isEmpty else { throw Failed(what: "start") }
        return String(decoding: line, as: UTF8.self)
    }
}
