import Platform

/// The number by which a MIFARE application directory names the owner of a sector (AN10787).
///
/// NXP assigns them: a function cluster (airlines, access control, ...) and an application code within it.
public struct ApplicationID: Hashable, Sendable, CustomStringConvertible {
    /// The number; the function cluster is its high byte.
    public let rawValue: UInt16

    /// The identifier with this number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The identifier of these parts.
    public init(functionCluster: UInt8, applicationCode: UInt8) {
        rawValue = UInt16(functionCluster) << 8 | UInt16(applicationCode)
    }

    /// What kind of application it is; 00 is the directory's own administration.
    public var functionCluster: UInt8 { UInt8(rawValue >> 8) }
    /// Which application of its kind.
    public var applicationCode: UInt8 { UInt8(truncatingIfNeeded: rawValue) }

    /// The two bytes as they stand on the card, application code first, in both halves of a directory.
    var bytes: [UInt8] { [applicationCode, functionCluster] }

    /// Nobody's: the sector is free.
    public static let free = ApplicationID(rawValue: 0x0000)
    /// The sector is defect, or its keys are lost.
    public static let defect = ApplicationID(rawValue: 0x0001)
    /// The sector is reserved.
    public static let reserved = ApplicationID(rawValue: 0x0002)
    /// The sector holds more of the directory.
    public static let additionalDirectory = ApplicationID(rawValue: 0x0003)
    /// The sector holds the card holder's name and the like, in ASCII.
    public static let cardHolder = ApplicationID(rawValue: 0x0004)
    /// The card has no such sector.
    public static let notApplicable = ApplicationID(rawValue: 0x0005)

    /// Four hexadecimal digits, function cluster first.
    public var description: String { [functionCluster, applicationCode].hex() }
}
