import Platform

/// What a hub says about its ports: USB 2.0 specification, chapter 11.23.2.1; USB 3.2, chapter 10.15.2.1.
public struct HubDescriptor: Hashable, Sendable {
    /// How many ports it has.
    public let ports: UInt8
    /// What it can do about their power.
    public let switching: PowerSwitching
    /// How long a port's power takes to be good, in milliseconds.
    public let powerGoodMilliseconds: Int

    /// How a hub switches the power of its ports.
    public enum PowerSwitching: Hashable, Sendable {
        /// All together: whoever turns a reader off turns its neighbours off.
        case ganged
        /// Each by itself.
        case individual
        /// Not at all.
        case none
    }

    /// A hub's descriptor for USB 2, and for SuperSpeed.
    public static let types: (usb2: UInt8, superSpeed: UInt8) = (0x29, 0x2A)
    /// As many bytes as can come: 7, and two bits for each of 255 ports.
    public static let longest = 71

    /// Reads the descriptor; `nil` when `bytes` are none.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 7, bytes[0] >= 7, [Self.types.usb2, Self.types.superSpeed].contains(bytes[1]), bytes[2] > 0
        else { return nil }
        ports = bytes[2]
        // wHubCharacteristics, bits 0 and 1.
        switch bytes[3] & 0x03 {
        case 0: switching = .ganged
        case 1: switching = .individual
        // 2 and 3 are for USB 1 hubs without switches, and reserved.
        default: switching = .none
        }
        // bPwrOn2PwrGood, in units of 2 ms.
        powerGoodMilliseconds = Int(bytes[5]) * 2
    }

    /// Whether the power of `port` can be switched without touching another port's.
    public func canSwitch(_ port: UInt8) -> Bool { switching == .individual && (1...ports).contains(port) }
}
