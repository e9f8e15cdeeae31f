import Foundation
import Logging
import Testing

@testable import Ledger

@Suite("The ledger over TLS")
struct TLSTests {
    /// Certificates for tests: an authority, the ledger's own for 127.0.0.1, and another authority.
    private struct Certificates {
        let directory: URL

        init() throws {
            directory = FileManager.default.temporaryDirectory.appendingPathComponent("yika-tls-\(UUID())")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            for name in ["authority", "stranger"] {
                try openssl(
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).pem")
            }
            try openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=ledger",
                "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", "ledger.key", "-out", "ledger.csr")
            try openssl(
                "x509", "-req", "-in", "ledger.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-days", "2",
                "-copy_extensions", "copy", "-out", "ledger.pem")
        }

        func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

        @discardableResult
        func openssl(_ words: String...) throws -> String { try run("openssl", words, input: nil).output }

        func run(_ program: String, _ words: [String], input: String?) throws -> (status: Int32, output: String) {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [program] + words
            process.currentDirectoryURL = directory
            let (stdin, stdout) = (Pipe(), Pipe())
            (process.standardInput, process.standardOutput, process.standardError) = (stdin, stdout, stdout)
            try process.run()
            if let input { try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
            if input == nil { try stdin.fileHandleForWriting.close() }
            let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
            try? stdin.fileHandleForWriting.close()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: output, as: UTF8.self))
        }

        /// Asks for the ledger's status over TLS, as a client that trusts `authority` does.
        func ask(port: Int, trusting authority: String, _ options: String...) throws -> (status: Int32, output: String)
        {
            try run(
                "openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", authority, "-verify_return_error",
                    "-verify_ip", "127.0.0.1", "-quiet",
                ] + options,
                input: "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        }
    }

    @Test("Who trusts the right authority is served by TLS 1.2 and 1.3, everybody else is not")
    func serving() async throws {
        let certificates = try Certificates()
        defer { try? FileManager.default.removeItem(at: certificates.directory) }
        let books = try TestBooks()
        var logger = Logger(label: "test")
        logger.handler = SwiftLogNoOpLogHandler()
        let server = LedgerServer(
            service: books.service, host: "127.0.0.1", port: 0,
            tls: try LedgerTLS(
                certificateFile: certificates.path("ledger.pem"), keyFile: certificates.path("ledger.key")),
            logger: logger)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let running = Task {
            defer { continuation.finish() }
            try await server.run { continuation.yield($0) }
        }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        for version in ["-tls1_2", "-tls1_3"] {
            let served = try certificates.ask(port: port, trusting: "authority.pem", version)
            #expect(served.output.contains("200 OK") && served.output.contains(LedgerVersion.current), "\(version)")
        }
        let stranger = try certificates.ask(port: port, trusting: "stranger.pem")
        #expect(stranger.status != 0 && !stranger.output.contains("200 OK"))
        let old = try certificates.ask(
            port: port, trusting: "authority.pem", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        #expect(old.status != 0 && !old.output.contains("200 OK"))
        running.cancel()
        try await running.value
    }

    @Test("Certificates and keys that cannot serve are refused by file, before anything listens")
    func refusals() throws {
        let certificates = try Certificates()
        defer { try? FileManager.default.removeItem(at: certificates.directory) }
        try Data("no certificate".utf8).write(to: URL(filePath: certificates.path("nonsense.pem")))
        for (certificate, key, culprit) in [
            ("missing.pem", "ledger.key", "missing.pem"), ("nonsense.pem", "ledger.key", "nonsense.pem"),
            ("ledger.pem", "missing.key", "missing.key"), ("ledger.pem", "nonsense.pem", "nonsense.pem"),
            ("ledger.pem", "stranger.key", "stranger.key"), ("ledger.key", "ledger.key", "ledger.key"),
        ] {
            do {
                _ = try LedgerTLS(
                    certificateFile: certificates.path(certificate), keyFile: certificates.path(key))
                Issue.record("\(certificate) with \(key) was taken")
            } catch {
                #expect(error.path.hasSuffix(culprit), "\(error)")
            }
        }
    }
}
