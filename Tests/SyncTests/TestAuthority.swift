import Foundation
import Glibc
import Platform

/// A campus's certificate authority, made for one test by openssl.
final class TestAuthority {
    /// What is wrong with a certificate.
    enum Flaw: String {
        case otherName, expired, future
    }

    let folder: String
    /// The authority's certificate, to be trusted.
    var file: String { folder + "/authority.pem" }

    init() throws {
        folder = NSTemporaryDirectory() + "yk-tls-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try openssl(
            ["req", "-x509", "-nodes", "-days", "3650", "-subj", "/CN=Authority under test"] + Self.newKey
                + ["-keyout", "authority.key", "-out", "authority.pem"])
        try openssl(
            ["req", "-nodes", "-subj", "/CN=Ledger under test"] + Self.newKey
                + ["-keyout", "ledger.key", "-out", "ledger.csr"])
        let settings = """
            [ca]
            default_ca = all
            [all]
            database = index
            new_certs_dir = .
            rand_serial = yes
            unique_subject = no
            default_md = sha256
            policy = names
            [names]
            commonName = supplied

            """
        try settings.write(toFile: folder + "/ca.cnf", atomically: true, encoding: .utf8)
        try "".write(toFile: folder + "/index", atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]

    /// A file with a certificate for 127.0.0.1 and its key, with one flaw or none.
    func certificate(_ flaw: Flaw?) throws -> String {
        let name = folder + "/\(flaw?.rawValue ?? "good").pem"
        let names = flaw == .otherName ? "DNS:other.invalid" : "IP:127.0.0.1,DNS:localhost"
        try "subjectAltName=\(names)\n".write(toFile: folder + "/names", atomically: true, encoding: .utf8)
        let (from, to) =
            switch flaw {
            case .expired: ("20200101000000Z", "20210101000000Z")
            case .future: ("20900101000000Z", "20910101000000Z")
            case nil, .otherName: ("20200101000000Z", "20900101000000Z")
            }
        try openssl([
            "ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "authority.pem", "-keyfile", "authority.key",
            "-in", "ledger.csr", "-startdate", from, "-enddate", to, "-extfile", "names", "-out", "ledger.pem",
        ])
        let text = try ["ledger.pem", "ledger.key"].map {
            try String(contentsOfFile: folder + "/" + $0, encoding: .utf8)
        }
        try text.joined().write(toFile: name, atomically: true, encoding: .utf8)
        return name
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
    }

    struct Failed: Error { let arguments: [String] }
}

/// TLS in front of a port of this machine, by Python's library: ours is the client's side only.
final class TLSFront {
    private static let program = """
        import socket, ssl, sys, threading
        target = int(sys.argv[1])
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        current = {"file": sys.argv[2]}

        def commands():
            for line in sys.stdin:
                current["file"] = line.strip()
                print("changed", flush=True)

        def pump(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:
                pass
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        def serve(plain):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(current["file"])
            try:
                secure = context.wrap_socket(plain, server_side=True)
                inner = socket.create_connection(("127.0.0.1", target))
            except OSError:
                return
            threading.Thread(target=pump, args=(inner, secure), daemon=True).start()
            pump(secure, inner)

        threading.Thread(target=commands, daemon=True).start()
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

        """

    let url: String
    private let process = Process()
    private let orders = Pipe()
    private let answers = Pipe()

    /// Shows the certificate and key in `certificate` to whoever connects, and relays to `port`.
    init(_ certificate: String, to port: UInt16, folder: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, "\(port)", certificate]
        process.standardInput = orders
        process.standardOutput = answers
        process.standardError = FileHandle.nullDevice
        try process.run()
        let own = String(decoding: answers.fileHandleForReading.availableData, as: UTF8.self)
        url = "https://127.0.0.1:" + own.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    deinit { process.terminate() }

    /// Shows another certificate from the next connection on.
    func change(to certificate: String) throws {
        try orders.fileHandleForWriting.write(contentsOf: Data((certificate + "\n").utf8))
        _ = answers.fileHandleForReading.availableData
    }
}
