import Crypto
import FoundationEssentials
import Journal
import Platform

/// What the credentials file holds; ``Configuration/Credentials`` is how the daemon reads it.
struct CredentialsFile: Codable {
    /// The secret that the ledger knows the terminal by.
    var token: String
    /// The campus's key over holder numbers and UIDs, in hexadecimal.
    var rosterKey: String
    /// The journal's root key, where a terminal set up for format 1 still has it.
    var journalKey: String?
}

/// Files of JSON that hold secrets, through the seam of storage: each is replaced whole, and durably.
enum SecretFile {
    /// A secret nobody has, 32 bytes in hexadecimal.
    static func newSecret() -> String {
        unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) }.hex()
    }

    /// What is in the file; `nil` when there is none, or nothing usable.
    static func read<Value: Decodable>(
        _ name: String, in storage: any JournalStorage, _ sealing: (any Sealing)? = nil
    ) throws(EnrolmentError) -> Value? {
        guard var bytes = try stored({ () throws(StorageError) in try storage.contents(of: name) }) else { return nil }
        if let sealing { bytes = try sealing.open(bytes, as: name) }
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        return try? decoder.decode(Value.self, from: Data(bytes))
    }

    /// Replaces the file.
    static func store(
        _ value: some Encodable, as name: String, in storage: any JournalStorage, _ sealing: (any Sealing)? = nil
    ) throws(EnrolmentError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let text = try? encoder.encode(value) else { throw .malformed(name) }
        var bytes = Array(text) + [UInt8(ascii: "\n")]
        if let sealing { bytes = try sealing.seal(bytes, as: name) }
        try stored { () throws(StorageError) in try storage.replace(name, with: bytes) }
    }

    /// What `body` does to a disk, its failure as an enrolment's.
    static func stored<R>(_ body: () throws(StorageError) -> R) throws(EnrolmentError) -> R {
        do throws(StorageError) {
            return try body()
        } catch {
            throw .storage(error)
        }
    }
}
