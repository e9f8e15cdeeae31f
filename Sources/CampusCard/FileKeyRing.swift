import Crypto
import CryptoExtras
public import DataFiles
import DeviceProfiles
public import Mifare
import Platform

/// A key ring read from a JSON5 file, for demonstrations and tests: whoever reads the file has every card.
public struct FileKeyRing: KeyRing, CustomStringConvertible {
    private struct Name: Hashable {
        let name: String
        let version: UInt8
    }

    private enum Material {
        /// The same six bytes for every card.
        case fixed(SectorKey)
        /// Sixteen bytes from which each card and sector gets its own by AN10922.
        case master(MasterKey)
    }

    private let keys: [Name: Material]
    private let system: [UInt8]

    /// With a UID of ten bytes and the sector, this fills AN10922's input.
    private static let longestSystem = 20

    /// The value for people; nothing secret.
    public var description: String { "FileKeyRing(\(keys.count) keys, hidden)" }

    /// Reads the ring in `path`.
    ///
    /// - Throws: ``DataFileError`` with the path to the key that is not six or sixteen bytes in hexadecimal.
    public init(path: String) throws(DataFileError) {
        let file = try JSON5File.decode(File.self, from: path)
        // A file of real keys would lie in clear on a box that can be carried away.
        guard file.demonstration else {
            throw DataFileError(
                file: path, path: "demonstration", expected: "true: a key file is for demonstrations only")
        }
        var keys: [Name: Material] = [:]
        for (index, entry) in file.keys.enumerated() {
            let name = Name(name: entry.name, version: entry.version ?? 1)
            let place = "keys[\(index)]"
            switch (entry.fixed.flatMap { [UInt8](hex: $0) }, entry.master.flatMap { [UInt8](hex: $0) }) {
            case (let bytes?, nil) where entry.master == nil:
                guard let key = SectorKey(bytes) else {
                    throw DataFileError(file: path, path: place + ".fixed", expected: "6 bytes in hexadecimal")
                }
                keys[name] = .fixed(key)
            case (nil, let bytes?) where entry.fixed == nil:
                guard let master = MasterKey(bytes) else {
                    throw DataFileError(file: path, path: place + ".master", expected: "16 bytes in hexadecimal")
                }
                keys[name] = .master(master)
            default:
                throw DataFileError(
                    file: path, path: place, expected: "either fixed (6 bytes) or master (16 bytes), in hexadecimal")
            }
        }
        let system = Array(file.system.utf8)
        guard (1...Self.longestSystem).contains(system.count) else {
            throw DataFileError(file: path, path: "system", expected: "1 to 20 characters")
        }
        self.keys = keys
        self.system = system
    }

    private struct File: Decodable {
        struct Entry: Decodable {
            let name: String
            let version: UInt8?
            let fixed: String?
            let master: String?
        }
        let demonstration: Bool
        let system: String
        let keys: [Entry]
    }

    /// The fixed key, or the card's own derived from the master key.
    public func sectorKey(_ name: String, version: UInt8, uid: CardUID, sector: Int) -> SectorKey? {
        switch keys[Name(name: name, version: version)] {
        case .fixed(let key): key
        case .master(let master):
            KeyDiversification.classicKey(master: master, uid: uid, system: system, sector: sector)
        case nil: nil
        }
    }

    /// Only master keys make MACs: a fixed key would be the same on every card.
    public func mac(_ name: String, version: UInt8, uid: CardUID, over message: [UInt8]) -> [UInt8]? {
        guard case .master(let master) = keys[Name(name: name, version: version)],
            let key = KeyDiversification.aes128(master: master, input: uid.bytes + system),
            var cmac = try? AES.CMAC(key: SymmetricKey(data: key), outputSize: AllowanceRecord.macSize)
        else { return nil }
        cmac.update(data: message)
        return Array(cmac.finalize())
    }
}
