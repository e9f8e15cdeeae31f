/// Where a USB device is plugged in, as in `1-1.3.2`: bus 1, port 1 of its root hub, port 3 of the hub there, port 2 of
/// the next. It stays the same when the device is unplugged and plugged in again; its address does not.
public struct PortPath: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bus's number, 1...255.
    public let bus: UInt8
    /// The ports on the way from the root hub to the device, 1...255 each; none for the root hub itself.
    public let ports: [UInt8]

    /// The longest way: USB 2.0, chapter 4.1.1, allows seven tiers, the root hub's included.
    public static let mostPorts = 6

    /// The path over these ports; `nil` when there cannot be one.
    public init?(bus: UInt8, ports: [UInt8]) {
        guard bus > 0, ports.count <= Self.mostPorts, !ports.contains(0) else { return nil }
        self.bus = bus
        self.ports = ports
    }

    /// Reads what the kernel calls the device: `1-1.3.2`, or `usb1` for the root hub of bus 1.
    ///
    /// Strict: the text is part of file names, and comes from other programs.
    public init?(_ text: some StringProtocol) {
        if text.hasPrefix("usb") {
            guard let bus = Self.number(text.dropFirst(3)) else { return nil }
            self.init(bus: bus, ports: [])
            return
        }
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count == 2, let bus = Self.number(halves[0]) else { return nil }
        let texts = halves[1].split(separator: ".", omittingEmptySubsequences: false)
        let ports = texts.compactMap { Self.number($0) }
        guard ports.count == texts.count else { return nil }
        self.init(bus: bus, ports: ports)
    }

    /// As the kernel writes it.
    public var description: String {
        ports.isEmpty ? "usb\(bus)" : "\(bus)-\(ports.map(String.init).joined(separator: "."))"
    }

    /// Where the hub is that the device is plugged into; `nil` for a root hub.
    public var hub: PortPath? { ports.isEmpty ? nil : PortPath(bus: bus, ports: Array(ports.dropLast())) }

    /// The port of that hub; `nil` for a root hub.
    public var port: UInt8? { ports.last }

    /// In the order in which people count: `1-2` before `1-10`.
    public static func < (left: PortPath, right: PortPath) -> Bool {
        left.bus != right.bus ? left.bus < right.bus : left.ports.lexicographicallyPrecedes(right.ports)
    }

    /// 1...255 in decimal digits without a leading zero.
    private static func number(_ text: some StringProtocol) -> UInt8? {
        guard text.first != "0", text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt8(text)
    }
}
