import CLinux
import DeviceProfiles
import FoundationEssentials
import Glibc
import Platform

/// The attached USB devices as the kernel shows them in its tree of devices.
///
/// It opens no device, sends nothing and needs no rights, so it also works while a reader hangs; the daemon uses nothing
/// else.
public struct SysfsUSB: Sendable {
    private let folder: String

    /// Looks below `root`: the machine's own `/`, or a folder that plays it.
    public init(root: String = "/") {
        folder = root + (root.hasSuffix("/") ? "" : "/") + "sys/bus/usb/devices"
    }

    /// Every device, root hubs included, in the order of their ports. What vanishes meanwhile is left out.
    public func devices() -> [AttachedDevice] {
        let names = entries(folder)
        return names.compactMap { PortPath($0) }.sorted().compactMap { device(at: $0, among: names) }
    }

    /// The device plugged in at `port`.
    public func device(at port: PortPath) -> AttachedDevice? { device(at: port, among: entries(folder)) }

    /// The other half of a port: a USB 3 socket is one port of a USB 2 hub and one of a SuperSpeed hub, and has power as
    /// long as one of them gives it (Documentation/ABI/testing/sysfs-bus-usb, `peer`).
    public func peer(of port: PortPath) -> PortPath? {
        guard let hub = port.hub, let number = port.port else { return nil }
        // A root hub's interface is called after its bus, `1-0:1.0`; of any hub only configuration 1 is ever in use.
        let interface = hub.ports.isEmpty ? "\(hub.bus)-0:1.0" : "\(hub):1.0"
        guard let name = Self.linked("\(folder)/\(interface)/\(hub)-port\(number)/peer") else { return nil }
        // As in `2-1-port3` and `usb2-port3`.
        guard let end = name.firstRange(of: "-port"), let there = PortPath(name[..<end.lowerBound]),
            let port = UInt8(name[end.upperBound...])
        else { return nil }
        return PortPath(bus: there.bus, ports: there.ports + [port])
    }

    private func device(at port: PortPath, among names: [String]) -> AttachedDevice? {
        let own = "\(folder)/\(port)"
        guard let address = Self.number("\(own)/devnum", radix: 10, UInt8.self),
            let vendor = Self.number("\(own)/idVendor", UInt16.self),
            let product = Self.number("\(own)/idProduct", UInt16.self),
            let version = Self.number("\(own)/bcdDevice", UInt16.self),
            let deviceClass = Self.number("\(own)/bDeviceClass", UInt8.self)
        else { return nil }
        let start = port.ports.isEmpty ? "\(port.bus)-0:" : "\(port):"
        return AttachedDevice(
            port: port, address: address, identity: USBIdentity(vendor: vendor, product: product), bcdDevice: version,
            deviceClass: deviceClass, manufacturer: Self.line("\(own)/manufacturer"),
            product: Self.line("\(own)/product"), serial: Self.line("\(own)/serial"),
            interfaces: names.filter { $0.hasPrefix(start) }.compactMap { interface("\(folder)/\($0)") }
                .sorted { $0.number < $1.number })
    }

    private func interface(_ own: String) -> AttachedDevice.Interface? {
        guard let number = Self.number("\(own)/bInterfaceNumber", UInt8.self),
            let code = Self.number("\(own)/bInterfaceClass", UInt8.self),
            let subclass = Self.number("\(own)/bInterfaceSubClass", UInt8.self),
            let protocolCode = Self.number("\(own)/bInterfaceProtocol", UInt8.self)
        else { return nil }
        return AttachedDevice.Interface(
            number: number, kind: AttachedDevice.Kind(code, subclass, protocolCode),
            driver: Self.linked("\(own)/driver"))
    }

    private func entries(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// The last part of where the link at `path` leads.
    private static func linked(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &target, target.count)
        guard count > 0 else { return nil }
        let bytes = target[..<count].map(UInt8.init(bitPattern:))
        return String(decoding: bytes.split(separator: UInt8(ascii: "/")).last ?? [], as: UTF8.self)
    }

    private static func number<Number: FixedWidthInteger>(_ path: String, radix: Int = 16, _: Number.Type) -> Number? {
        line(path).flatMap { Number($0, radix: radix) }
    }

    /// The first line of a small file of the kernel's; `nil` when it is empty.
    private static func line(_ path: String) -> String? {
        let number = unsafe yika_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard number >= 0 else { return nil }
        let file = Descriptor(adopting: number)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(file.number, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let line = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }
}
