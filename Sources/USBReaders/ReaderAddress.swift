import Platform
public import SmartCard

/// Where a PC/SC reader is on USB, as its driver tells it.
public enum ReaderAddress: Hashable, Sendable {
    /// The bus and the device's address on it: right until the device is plugged in anew.
    case device(bus: UInt8, address: UInt8)
    /// The port and the interface: right for as long as the reader stays there.
    case port(PortPath, interface: UInt8)

    /// Reads SCARD_ATTR_CHANNEL_ID; `nil` when it means no USB device, or none at all.
    ///
    /// The upper half is PC/SC's kind of channel, 0x0020 for USB (PC/SC part 3, chapter 3.1.1.2); libccid and acsccid put
    /// `bus << 8 | address` into the lower one.
    public init?(channelID: UInt32) {
        let (bus, address) = (UInt8(channelID >> 8 & 0xFF), UInt8(channelID & 0xFF))
        // Neither a bus nor an address is ever 0.
        guard channelID >> 16 == 0x0020, bus > 0, address > 0 else { return nil }
        self = .device(bus: bus, address: address)
    }

    /// Reads what drivers answer to control code 3601, as in `1-1.3.2:1.0`: port, configuration and interface.
    public init?(path: String) {
        let halves = path.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, let port = PortPath(halves[0]), !port.ports.isEmpty else { return nil }
        let numbers = halves[1].split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 2,
            numbers.allSatisfy({ $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }),
            UInt8(numbers[0]) != nil, let interface = UInt8(numbers[1])
        else { return nil }
        self = .port(port, interface: interface)
    }

    /// What of `facts` says more: the port, which survives replugging.
    public init?(_ facts: ReaderFacts) {
        if let path = facts.usbPath, let address = ReaderAddress(path: path) {
            self = address
        } else if let channel = facts.channelID, let address = ReaderAddress(channelID: channel) {
            self = address
        } else {
            return nil
        }
    }
}

/// The USB device behind a PC/SC reader, and how it was found.
public struct LocatedReader: Hashable, Sendable {
    /// The device.
    public let device: AttachedDevice
    /// The interface that the reader is on, where the driver tells it.
    public let interface: UInt8?
    /// How it was found.
    public let way: Way

    /// How sure one can be.
    public enum Way: Hashable, Sendable {
        /// The driver told.
        case driver
        /// pcscd's name for the reader begins with this device's texts and with no other one's.
        case name
    }

    /// The device of the reader that pcscd calls `name`.
    ///
    /// - Parameters:
    ///   - facts: what its driver tells; they go first.
    ///   - devices: what is attached.
    /// - Returns: `nil` when there is none, or when several could be it: better none than the wrong one reset.
    public static func find(_ name: String, facts: ReaderFacts?, among devices: [AttachedDevice]) -> LocatedReader? {
        if let facts, let address = ReaderAddress(facts) {
            switch address {
            case .device(let bus, let number):
                guard let device = devices.first(where: { $0.port.bus == bus && $0.address == number }) else {
                    return nil
                }
                return LocatedReader(device: device, interface: nil, way: .driver)
            case .port(let port, let interface):
                guard let device = devices.first(where: { $0.port == port }) else { return nil }
                return LocatedReader(device: device, interface: interface, way: .driver)
            }
        }
        let candidates = devices.filter { $0.isCalled(name) }
        guard candidates.count == 1, let device = candidates.first else { return nil }
        return LocatedReader(device: device, interface: nil, way: .name)
    }
}

extension AttachedDevice {
    /// Whether pcscd would call the reader so: manufacturer and product, then perhaps `[the interface's text]`, perhaps
    /// `(the serial number)`, and the reader's and the slot's numbers (pcsc-lite, `src/hotplug_libudev.c`).
    func isCalled(_ name: String) -> Bool {
        guard let manufacturer, let product else { return false }
        let start = "\(manufacturer) \(product)"
        guard name.hasPrefix(start), let next = name.dropFirst(start.count).first, next == " " else { return false }
        // Where a name tells a serial number, it is this device's or the name is another's.
        let told = name.split(separator: "(").dropFirst().last?.prefix { $0 != ")" }
        guard let told, let serial else { return true }
        return told == serial
    }
}
