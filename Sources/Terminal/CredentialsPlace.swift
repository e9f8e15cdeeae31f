public import Journal

/// How secrets are made unreadable to whoever takes the disk.
public protocol Sealing: Sendable {
    /// What is to lie on the disk in place of `bytes`, which only this box reads again, by the same name.
    func seal(_ bytes: [UInt8], as name: String) throws(EnrolmentError) -> [UInt8]
    /// What was sealed by that name.
    func open(_ bytes: [UInt8], as name: String) throws(EnrolmentError) -> [UInt8]
}

/// Where a terminal's credentials lie, and how.
public struct CredentialsPlace: Sendable {
    /// The folder.
    public let storage: any JournalStorage
    /// The file's name.
    public let name: String
    /// How they lie there; `nil`: open, guarded by the file's owner and mode alone.
    public let sealing: (any Sealing)?

    /// The file besides them that a secret waits in until the ledger has taken it.
    public var nextName: String { name + ".next" }

    /// The place with these values.
    public init(storage: any JournalStorage, name: String, sealing: (any Sealing)? = nil) {
        self.storage = storage
        self.name = name
        self.sealing = sealing
    }

    /// What lies there; `nil` when there is nothing, or nothing usable.
    func read<Value: Decodable>(_ name: String) throws(EnrolmentError) -> Value? {
        try SecretFile.read(name, in: storage, sealing)
    }

    /// Replaces what lies there.
    func store(_ value: some Encodable, as name: String) throws(EnrolmentError) {
        try SecretFile.store(value, as: name, in: storage, sealing)
    }
}
