/// A rung of the ladder by which a reader that stopped answering is brought back, from the gentlest to a person.
public enum RecoveryStep: String, Hashable, Sendable, Codable, CaseIterable {
    /// A new connection through pcscd.
    case reconnect
    /// Power off and on for the card, and with it the reader's field, through pcscd.
    case unpower
    /// A reset of the USB device, by the privileged helper.
    case usbReset = "usb-reset"
    /// Power off and on for the port that the reader is plugged into, by the privileged helper.
    case portPowerCycle = "port-power-cycle"
    /// Somebody is to unplug the reader and plug it in again.
    case askForHuman = "ask-for-human"

    /// Whether it goes through the USB device rather than through pcscd.
    public var isOnUSB: Bool { self == .usbReset || self == .portPowerCycle }
}

/// What can be done about a reader at the moment, as the ladder is told each time.
public struct RecoverySituation: Hashable, Sendable {
    /// Whether the USB device behind the reader is known for sure.
    public var isDeviceKnown: Bool
    /// Whether the privileged helper is installed.
    public var isHelperInstalled: Bool
    /// Whether the hub switches the power of the reader's port alone; `nil`: nobody has asked it.
    public var hubSwitchesPort: Bool?
    /// Whether a card is being worked on: a reset now would cut a write.
    public var isCardInHand: Bool

    /// A situation.
    public init(
        isDeviceKnown: Bool, isHelperInstalled: Bool, hubSwitchesPort: Bool? = nil, isCardInHand: Bool
    ) {
        self.isDeviceKnown = isDeviceKnown
        self.isHelperInstalled = isHelperInstalled
        self.hubSwitchesPort = hubSwitchesPort
        self.isCardInHand = isCardInHand
    }
}

/// A line of the log of a recovery.
public struct RecoveryEntry: Hashable, Sendable {
    /// Which step.
    public let step: RecoveryStep
    /// What came of it.
    public let outcome: Outcome
    /// Why, for people.
    public let why: String

    /// What came of a step.
    public enum Outcome: String, Hashable, Sendable, Codable {
        /// It is to be done now.
        case begun
        /// It was done; whether the reader works is another matter.
        case done
        /// It could not be done.
        case failed
        /// It was left out.
        case skipped
        /// The reader works again after it.
        case helped
    }
}
