import Foundation
import Ledger
import LedgerProtocol
import Measuring
import Platform

/// A ledger as a program of its own, on books made for measuring.
struct LedgerHouse {
    let folder: String
    let workload: Workload

    var database: String { "\(folder)/ledger.sqlite" }

    /// The command that serves these books at `host` and `port`.
    func command(host: String, port: Int) -> [String] {
        [
            Self.program("yika-ledger"), "serve", "--database", database, "--keys", "\(folder)/keys", "--host", host,
            "--port", "\(port)",
        ] + (host == "127.0.0.1" ? [] : ["--insecure"])
    }

    init(in scratch: String, _ name: String, workload: Workload) throws {
        folder = "\(scratch)/\(name)"
        self.workload = workload
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let keys = try LedgerKeys.make(in: "\(folder)/keys")
        let store = try LedgerDatabase.open(database, mode: .create)
        try workload.prepare(store, keys: keys)
        let service = LedgerService(store: store, keys: keys, time: SystemTime(), logger: LedgerLog.toStandardError())
        for batch in workload.batches {
            _ = try service.ingest(
                terminal: batch.terminal, token: Workload.token, epoch: Workload.epoch, first: batch.first,
                body: batch.body)
        }
        try store.close()
    }

    /// A program of this package, which was built beside this one.
    static func program(_ name: String) -> String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent().appendingPathComponent(name).path
    }
}

/// Starts a program; what it prints can be read.
func start(_ command: [String]) throws -> (process: Process, output: FileHandle) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    return (process, pipe.fileHandleForReading)
}

/// The first line that a program prints.
func firstLine(of output: FileHandle) throws -> String {
    var line: [UInt8] = []
    while let byte = try output.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") { line.append(byte) }
    guard !line.isEmpty else { throw Failure("a program ended without a word") }
    return String(decoding: line, as: UTF8.self)
}
