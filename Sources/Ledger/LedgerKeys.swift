public import Crypto
import FoundationEssentials
import Glibc
public import LedgerProtocol
import Platform

/// The ledger's own keys, as files of one line in hexadecimal in a directory that only its owner reads.
///
/// `signing.key` signs rosters; terminals hold its public half, `signing.pub`. `roster.key` hashes holder numbers and
/// card UIDs; terminals hold a copy. `pin.key` is the ledger's alone: without it no PIN can be verified, or searched for.
public struct LedgerKeys: Sendable {
    /// Signs rosters (Ed25519).
    public let signingKey: Curve25519.Signing.PrivateKey
    /// Hashes holder numbers and UIDs.
    public let rosterKey: RosterKey
    /// Seals initial PINs and is part of every PIN's verifier.
    public let pinKey: PinKey

    /// The keys given; without a PIN key, one that serves as long as this process.
    public init(
        signingKey: Curve25519.Signing.PrivateKey, rosterKey: RosterKey, pinKey: PinKey = .random()
    ) {
        self.signingKey = signingKey
        self.rosterKey = rosterKey
        self.pinKey = pinKey
    }

    /// The public key that terminals verify rosters with, in hexadecimal.
    public var publicKeyHex: String { Array(signingKey.publicKey.rawRepresentation).hex() }

    /// Reads the keys of `directory`.
    public init(directory: String) throws {
        let signing = try Self.read("signing.key", in: directory)
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: signing) else {
            throw LedgerKeyError(path: "\(directory)/signing.key", problem: "not an Ed25519 key")
        }
        self.init(
            signingKey: key, rosterKey: RosterKey(bytes: try Self.read("roster.key", in: directory)),
            pinKey: PinKey(bytes: try Self.read("pin.key", in: directory)))
    }

    /// Makes whatever key `directory` lacks, and the directory itself; a key that is there is never replaced.
    public static func make(in directory: String) throws -> LedgerKeys {
        if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST { throw failure("mkdir", directory) }
        let signing = Curve25519.Signing.PrivateKey()
        try write(Array(signing.rawRepresentation).hex(), to: "\(directory)/signing.key", mode: 0o600)
        for name in ["roster.key", "pin.key"] {
            let secret = unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) }
            try write(secret.hex(), to: "\(directory)/\(name)", mode: 0o600)
        }
        let keys = try LedgerKeys(directory: directory)
        try write(keys.publicKeyHex, to: "\(directory)/signing.pub", mode: 0o644)
        return keys
    }

    private static func read(_ name: String, in directory: String) throws -> [UInt8] {
        let path = "\(directory)/\(name)"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw LedgerKeyError(path: path, problem: "not readable; make the keys with `yika-ledger init`")
        }
        var text = String(decoding: data, as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        guard let bytes = [UInt8](hex: text), bytes.count == 32 else {
            throw LedgerKeyError(path: path, problem: "expected 64 hexadecimal digits")
        }
        return bytes
    }

    /// Writes a new file at one stroke: under another name first, then linked, which fails if the name is taken.
    private static func write(_ text: String, to path: String, mode: mode_t) throws {
        let draft = "\(path).new"
        let descriptor = unsafe creat(draft, mode)
        guard descriptor >= 0 else { throw failure("creat", draft) }
        defer { _ = unsafe unlink(draft) }
        let line = Array((text + "\n").utf8)
        let written = unsafe Glibc.write(descriptor, line, line.count)
        let synced = fsync(descriptor)
        guard written == line.count, synced == 0, close(descriptor) == 0 else { throw failure("write", draft) }
        if unsafe link(draft, path) != 0, errno != EEXIST { throw failure("link", path) }
    }

    private static func failure(_ call: String, _ path: String) -> LedgerKeyError {
        let words = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        return LedgerKeyError(path: path, problem: "\(call): \(words)")
    }
}

/// Why a key file cannot be used.
public struct LedgerKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let problem: String

    /// What is wrong, for people.
    public var description: String { "\(path): \(problem)" }
}
