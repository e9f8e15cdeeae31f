public import Platform

/// Something that a check found in a reader profile: where, what, and what to do next.
public struct ProfileFinding: Hashable, Sendable {
    /// How much it matters.
    public enum Severity: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
        /// The profile cannot work as it stands, or takes something from another one.
        case fault
        /// It may work, and somebody should know or decide.
        case warning
        /// Worth knowing; a profile with nothing else is clean.
        case note

        /// The gravest first.
        public static func < (one: Severity, other: Severity) -> Bool {
            // The three are declared in this order.
            allCases.firstIndex(of: one).map { $0 < allCases.firstIndex(of: other) ?? 0 } ?? false
        }
    }

    /// What was found; the number is stable, for scripts and for people who look it up.
    public enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        // A file by itself.
        case notLoaded = "PC-01"
        case commandShape = "PC-10"
        case commandTooLong = "PC-11"
        case exceedsMessage = "PC-12"
        case lengthIsNoByte = "PC-13"
        case ambiguousCommand = "PC-14"
        case okIsAlsoFailure = "PC-20"
        case failureLikeSuccess = "PC-21"
        case oneSlot = "PC-30"
        case oneSlotTold = "PC-31"
        case nonVolatile = "PC-32"
        case nonVolatileTold = "PC-33"
        case slotOnlyInLoadKey = "PC-34"
        case slotOnlyInAuthenticate = "PC-35"
        case slotsWithoutPlace = "PC-36"
        case plainCounterfeit = "PC-40"
        case readerIsOtherSlot = "PC-41"
        case verifiedNotSupported = "PC-50"
        case supportedNotVerified = "PC-51"
        case emptyText = "PC-52"
        case toBeFilledIn = "PC-53"
        case noLatency = "PC-54"
        case silentAboutRefusals = "PC-55"
        case setupWrites = "PC-56"
        // Profiles beside each other.
        case sameDevice = "PC-60"
        case sameName = "PC-61"
        case nameWithinName = "PC-62"
        case secondFallback = "PC-63"
        case noFallback = "PC-64"
        // Profiles against the drivers installed.
        case driverListUnreadable = "PC-80"
        case unknownToDrivers = "PC-81"
        case driverTooOld = "PC-82"
        case driverNotInstalled = "PC-83"
        case driverNotChecked = "PC-84"
        case nameNotDrivers = "PC-85"
        case driverNameIsOtherSlot = "PC-86"
        case escapeOff = "PC-87"

        /// How much it matters.
        public var severity: Severity {
            switch self {
            case .oneSlot, .nonVolatile, .toBeFilledIn, .noLatency, .silentAboutRefusals, .noFallback: .warning
            case .oneSlotTold, .nonVolatileTold, .nameWithinName, .driverTooOld, .driverNotInstalled,
                .driverNotChecked, .escapeOff:
                .note
            default: .fault
            }
        }
    }

    /// Which finding it is.
    public let code: Code
    /// The profile's file, or the driver's list, or the directory when it is about all of them.
    public let file: String
    /// The way to the value, as in `commands.loadKey`; empty when the file as a whole is meant.
    public let path: String
    /// What the texts have in their gaps, in order.
    public let details: [String]

    /// How much it matters.
    public var severity: Severity { code.severity }

    /// What is wrong, for people; in English.
    public var what: String { what(in: .english) }

    /// One next step, for people; in English.
    public var next: String { next(in: .english) }

    /// What is wrong, for people.
    public func what(in language: Language) -> String {
        ProfileTexts.fill(ProfileTexts.of(language)[code]?.what ?? code.rawValue, details)
    }

    /// One next step, for people.
    public func next(in language: Language) -> String {
        ProfileTexts.fill(ProfileTexts.of(language)[code]?.next ?? "", details)
    }
}

extension Sequence<ProfileFinding> {
    /// Whether there is neither a fault nor a warning.
    public var isClean: Bool { allSatisfy { $0.severity == .note } }
}
