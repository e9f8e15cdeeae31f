import ArgumentParser
import Glibc
import Ledger
import Platform

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer the terminals until SIGTERM; print “listening on …” when ready.")

    @OptionGroup var books: Books
    @OptionGroup var keys: Keys

    @Option(help: "The port; 0 takes a free one.")
    var port: Int

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The ledger's TLS certificate and those that vouch for it, in PEM.")
    var certificate: String?

    @Option(name: .customLong("key"), help: "The certificate's private key, in PEM.")
    var certificateKey: String?

    @Flag(help: "Speak plain HTTP on an address that others reach.")
    var insecure = false

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port: expected 0 to 65535") }
        guard (certificate == nil) == (certificateKey == nil) else {
            throw ValidationError("--certificate and --key belong together")
        }
        guard certificate != nil || insecure || Self.isLoopback(host) else {
            throw ValidationError(
                """
                on \(host), the terminals' secrets would travel for everybody to read: give --certificate and --key, \
                or listen on 127.0.0.1 behind a proxy that speaks TLS; --insecure takes the risk
                """)
        }
    }

    func run() async throws {
        let store = try reporting { try LedgerDatabase.open(books.database, mode: .existing) }
        let ledgerKeys = try reporting { try LedgerKeys(directory: keys.keys) }
        let tls = try reporting { try self.tls() }
        let logger = LedgerLog.toStandardError()
        let service = LedgerService(store: store, keys: ledgerKeys, time: SystemTime(), logger: logger)
        try reporting { try service.prepare() }
        let server = LedgerServer(service: service, host: host, port: port, tls: tls, logger: logger)
        let scheme = tls == nil ? "http" : "https"
        do {
            try await server.run { [host] (port: Int) in
                print("listening on \(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)")
                _ = fflush(nil)
            }
        } catch {
            throw failure("\(error)", Status.unreadable)
        }
        try reporting { try store.close() }
    }

    private func tls() throws -> LedgerTLS? {
        guard let certificate, let certificateKey else { return nil }
        return try LedgerTLS(certificateFile: certificate, keyFile: certificateKey)
    }

    private static func isLoopback(_ host: String) -> Bool {
        var address = in_addr()
        if unsafe inet_pton(AF_INET, host, &address) == 1 { return UInt32(bigEndian: address.s_addr) >> 24 == 127 }
        return host == "localhost" || host == "::1"
    }
}
