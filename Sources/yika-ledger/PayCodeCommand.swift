import ArgumentParser
import Crypto
import FoundationEssentials
import Glibc
import Ledger
import LedgerProtocol
import Platform

struct PayCode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paycode", abstract: "Play the phone app: show a payment code as a QR, good for one minute.",
        discussion: """
            The app's own key is made once and kept in the file named by --key, which only its owner reads. The \
            ledger vouches for it by a certificate; the code is made with no further word of the ledger, as on a telephone \
            without a network. --watch shows a new one each minute until it is interrupted.
            """)

    @OptionGroup var whose: Whose

    @Option(
        name: .customLong("key"), help: "The file of the app's key, 64 hexadecimal digits; made when there is none.")
    var keyFile: String

    @Flag(help: "Only the code's text, a line.")
    var text = false

    @Flag(help: "A new code each minute, until interrupted.")
    var watch = false

    @OptionGroup var desk: Desk

    /// What `--json` prints.
    private struct Shown: Encodable {
        let account: UInt64
        let text: String
        let hash: String
        let minute: UInt32
        let notAfterMilliseconds: Int64
    }

    func validate() throws {
        guard !text || !desk.json else { throw ValidationError("expected one of --text and --json") }
    }

    func run() throws {
        try reporting {
            let key = try DeviceKey.read(orMake: keyFile)
            let time = SystemTime()
            var certificate = try certify(key)
            while true {
                let now = time.wallMilliseconds()
                if now >= certificate.notAfterMilliseconds - PaymentCode.millisecondsAMinute {
                    certificate = try certify(key)
                }
                guard let bytes = [UInt8](hex: certificate.certificate) else {
                    throw failure("the ledger's certificate is none", Status.unreadable)
                }
                let code = try PaymentCode.make(certificate: bytes, deviceKey: key, wallMilliseconds: now)
                try show(code)
                guard watch else { return }
                time.sleep(milliseconds: PaymentCode.millisecondsAMinute - now % PaymentCode.millisecondsAMinute)
            }
        }
    }

    /// Asks the books as the app does.
    private func certify(_ key: Curve25519.Signing.PrivateKey) throws -> IssuedCertificate {
        try desk.use(as: .app) {
            try $0.certify(account: whose.number(at: $0), deviceKey: Array(key.publicKey.rawRepresentation))
        }
    }

    private func show(_ code: PaymentCode) throws {
        if desk.json {
            try printJSON(
                Shown(
                    account: code.account, text: code.text, hash: String(code.hash, radix: 16), minute: code.minute,
                    notAfterMilliseconds: (Int64(code.minute) + 1) * PaymentCode.millisecondsAMinute))
        } else if text {
            print(code.text)
        } else {
            // A terminal is wiped for each code, so that no old one stays in view.
            if watch, isatty(STDOUT_FILENO) == 1 { print("\u{1B}[2J\u{1B}[H", terminator: "") }
            guard let symbol = QRSymbol(code.text) else {
                throw failure("no QR code holds this text", Status.unreadable)
            }
            print(symbol.halfBlocks)
            print(code.text)
        }
        // Whoever reads it through a pipe is not to wait for the next ones.
        _ = fflush(nil)
    }
}

/// The key of the app that this command plays.
private enum DeviceKey {
    static func read(orMake path: String) throws -> Curve25519.Signing.PrivateKey {
        // Made under its own name and only where there is none: a key that is there is never replaced.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { return try make(descriptor, path) }
        guard errno == EEXIST, let data = FileManager.default.contents(atPath: path) else {
            throw failure("\(path): not readable, and cannot be made", Status.unreadable)
        }
        var digits = String(decoding: data, as: UTF8.self)
        while digits.last?.isWhitespace == true { digits.removeLast() }
        guard let bytes = [UInt8](hex: digits), bytes.count == 32,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else { throw failure("\(path): expected 64 hexadecimal digits; remove it for a new key", Status.unreadable) }
        return key
    }

    private static func make(_ descriptor: Int32, _ path: String) throws -> Curve25519.Signing.PrivateKey {
        let key = Curve25519.Signing.PrivateKey()
        let line = Array((Array(key.rawRepresentation).hex() + "\n").utf8)
        let written = unsafe write(descriptor, line, line.count)
        guard close(descriptor) == 0, written == line.count else {
            throw failure("\(path): not writable", Status.unreadable)
        }
        return key
    }
}
