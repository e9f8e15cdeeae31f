/// Byte 9 of sector 0's trailer, which says whether there is a MIFARE application directory and which (AN10787).
public struct GeneralPurposeByte: Hashable, Sendable {
    /// The byte.
    public let rawValue: UInt8

    /// What this byte says.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The byte for a card with a directory of `version`, or with none.
    public init(directory version: MAD.Version?, multipleApplications: Bool) {
        let applications = multipleApplications ? Self.multipleApplications : 0
        rawValue = applications | (version.map { Self.directoryAvailable | $0.rawValue } ?? 0)
    }

    // Bits 2 to 5 are reserved.
    private static let directoryAvailable: UInt8 = 0x80
    private static let multipleApplications: UInt8 = 0x40
    private static let versionMask: UInt8 = 0x03

    /// Bit DA: there is a directory; the factory's 69 says that there is none.
    public var hasDirectory: Bool { rawValue & Self.directoryAvailable != 0 }
    /// Bit MA: the card is meant for several applications.
    public var isForMultipleApplications: Bool { rawValue & Self.multipleApplications != 0 }
    /// Bits ADV: the directory's version as it stands there, 0 to 3.
    public var versionCode: UInt8 { rawValue & Self.versionMask }
}
