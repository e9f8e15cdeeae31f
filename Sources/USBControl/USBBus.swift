import CLinux
import CUSB
public import DeviceProfiles
import Glibc
import Platform
public import USBReaders

/// libusb's view of the machine's USB devices, released when it goes out of scope.
///
/// Its calls block, so it belongs to a thread of its own. Who only wants to know what is attached uses ``SysfsUSB``.
@safe public struct USBBus: ~Copyable {
    let context: OpaquePointer

    /// Finds what is attached, and watches it: needs udev and netlink. The corresponding C function is `libusb_init`.
    public init() throws(USBError) { unsafe context = try Self.begin() }

    /// Looks for nothing and watches nothing: devices are opened by the path of their node. It then needs neither udev nor
    /// netlink, and the service that resets readers no network at all.
    ///
    /// libusb's switch for it is the process's: whoever calls this finds no devices later either.
    public static func withoutDiscovery() throws(USBError) -> USBBus {
        try check("libusb_set_option", yika_usb_without_discovery())
        return try USBBus()
    }

    deinit { unsafe libusb_exit(context) }

    private static func begin() throws(USBError) -> OpaquePointer {
        var context: OpaquePointer?
        try check("libusb_init", unsafe libusb_init(&context))
        guard let context = unsafe context else { throw USBError(call: "libusb_init", code: .malformed) }
        return unsafe context
    }

    /// Every device, root hubs included, in the order of their ports.
    ///
    /// Descriptors come from libusb; texts and the kernel's drivers, which the kernel knows, from `sysfs`: to ask the
    /// devices for their texts would mean to wait a second for each text of one that hangs.
    public borrowing func devices(sysfs: SysfsUSB = SysfsUSB()) throws(USBError) -> [AttachedDevice] {
        var list: UnsafeMutablePointer<OpaquePointer?>?
        let count = unsafe libusb_get_device_list(context, &list)
        try check("libusb_get_device_list", Int32(clamping: count))
        defer { unsafe libusb_free_device_list(list, 1) }
        var devices: [AttachedDevice] = []
        for index in 0..<count {
            guard let device = unsafe list?[index] else { continue }
            // What vanishes meanwhile is left out.
            if let found = try? unsafe Self.describe(device, sysfs: sysfs) { devices.append(found) }
        }
        return devices.sorted { $0.port < $1.port }
    }

    /// Opens the device at `port` and `address` to have something done to it.
    ///
    /// - Parameter folder: of the device nodes.
    public borrowing func open(
        _ device: AttachedDevice, folder: String = "/dev/bus/usb"
    ) throws(USBError) -> USBHandle {
        try USBHandle(context: self, path: Self.node(of: device, folder: folder))
    }

    /// The path of the device's node, as in `/dev/bus/usb/001/004`.
    static func node(of device: AttachedDevice, folder: String) -> String {
        func threeDigits(_ number: UInt8) -> String {
            let digits = String(number)
            return String(repeating: "0", count: 3 - digits.count) + digits
        }
        return "\(folder)/\(threeDigits(device.port.bus))/\(threeDigits(device.address))"
    }

    /// What `device` says of itself; nothing is sent to it.
    static func describe(_ device: OpaquePointer, sysfs: SysfsUSB) throws(USBError) -> AttachedDevice {
        var descriptor = libusb_device_descriptor()
        try check("libusb_get_device_descriptor", unsafe libusb_get_device_descriptor(device, &descriptor))
        let port = try unsafe Self.port(of: device)
        let seen = sysfs.device(at: port)
        return unsafe AttachedDevice(
            port: port, address: libusb_get_device_address(device),
            identity: USBIdentity(vendor: descriptor.idVendor, product: descriptor.idProduct),
            bcdDevice: descriptor.bcdDevice, deviceClass: descriptor.bDeviceClass, manufacturer: seen?.manufacturer,
            product: seen?.product, serial: seen?.serial,
            interfaces: try interfaces(of: device) { number in
                seen?.interfaces.first { $0.number == number }?.driver
            })
    }

    static func port(of device: OpaquePointer) throws(USBError) -> PortPath {
        var ports = [UInt8](repeating: 0, count: PortPath.mostPorts + 1)
        let count = try check(
            "libusb_get_port_numbers", unsafe libusb_get_port_numbers(device, &ports, Int32(ports.count)))
        guard let port = unsafe PortPath(bus: libusb_get_bus_number(device), ports: Array(ports.prefix(Int(count))))
        else { throw USBError(call: "libusb_get_port_numbers", code: .malformed) }
        return port
    }

    private static func interfaces(
        of device: OpaquePointer, driver: (UInt8) -> String?
    ) throws(USBError) -> [AttachedDevice.Interface] {
        var configuration: UnsafeMutablePointer<libusb_config_descriptor>?
        let status = unsafe libusb_get_active_config_descriptor(device, &configuration)
        // Not configured: it has no interfaces.
        if USBError.Code(rawValue: status) == .notFound { return [] }
        try check("libusb_get_active_config_descriptor", status)
        defer { unsafe libusb_free_config_descriptor(configuration) }
        guard let configuration = unsafe configuration?.pointee else { return [] }
        var interfaces: [AttachedDevice.Interface] = []
        for index in unsafe 0..<Int(configuration.bNumInterfaces) {
            // Its first alternate setting is the one in use as long as nobody chooses another.
            guard let first = unsafe configuration.interface[index].altsetting?.pointee else { continue }
            let kind = unsafe AttachedDevice.Kind(
                first.bInterfaceClass, first.bInterfaceSubClass, first.bInterfaceProtocol)
            let number = unsafe first.bInterfaceNumber
            interfaces.append(AttachedDevice.Interface(number: number, kind: kind, driver: driver(number)))
        }
        return interfaces.sorted { $0.number < $1.number }
    }
}

/// An open USB device, closed when it goes out of scope; it must not outlive its ``USBBus``.
@safe public struct USBHandle: ~Copyable {
    private let handle: OpaquePointer
    private let node: Descriptor

    /// How long a device or a hub may take to answer a request, in milliseconds.
    private static let patienceMilliseconds: UInt32 = 1000

    /// Opens the node at `path`. The corresponding C function is `libusb_wrap_sys_device`.
    fileprivate init(context: borrowing USBBus, path: String) throws(USBError) {
        // A reset needs the right to write.
        let number = unsafe yika_open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0)
        guard number >= 0 else { throw USBError(call: "open", code: .init(rawValue: errno)) }
        let node = Descriptor(adopting: number)
        var handle: OpaquePointer?
        try check(
            "libusb_wrap_sys_device", unsafe libusb_wrap_sys_device(context.context, Int(node.number), &handle))
        guard let handle = unsafe handle else { throw USBError(call: "libusb_wrap_sys_device", code: .malformed) }
        unsafe self.handle = handle
        self.node = node
    }

    deinit { unsafe libusb_close(handle) }

    /// The numbers of the very device that was opened, whatever has been plugged in since it was looked for.
    public borrowing func identity() throws(USBError) -> USBIdentity {
        let descriptor = try descriptor()
        return USBIdentity(vendor: descriptor.idVendor, product: descriptor.idProduct)
    }

    /// Resets the device; programs that have it lose it. The corresponding C function is `libusb_reset_device`.
    ///
    /// - Throws: `notFound` when it came back as another device or not at all.
    public borrowing func reset() throws(USBError) {
        try check("libusb_reset_device", unsafe libusb_reset_device(handle))
    }

    /// What the hub says about its ports: GetHubDescriptor, USB 2.0, chapter 11.24.2.5.
    public borrowing func hubDescriptor() throws(USBError) -> HubDescriptor {
        // A hub for SuperSpeed answers only to its own kind of descriptor.
        let isSuperSpeed = try descriptor().bcdUSB >= 0x0300
        let type = isSuperSpeed ? HubDescriptor.types.superSpeed : HubDescriptor.types.usb2
        var bytes = [UInt8](repeating: 0, count: HubDescriptor.longest)
        // From the device, of its class, to the device; GET_DESCRIPTOR.
        let count = try control(0xA0, request: 6, value: UInt16(type) << 8, index: 0, &bytes)
        guard let descriptor = HubDescriptor(Array(bytes.prefix(Int(count)))) else {
            throw USBError(call: "GetHubDescriptor", code: .malformed)
        }
        return descriptor
    }

    /// Gives the hub's `port` power or takes it away: SetPortFeature and ClearPortFeature with PORT_POWER, USB 2.0,
    /// chapters 11.24.2.13 and 11.24.2.2.
    public borrowing func setPower(of port: UInt8, on: Bool) throws(USBError) {
        var nothing: [UInt8] = []
        // To the device, of its class, to something in it; SET_FEATURE is 3 and CLEAR_FEATURE 1, PORT_POWER is 8.
        try control(0x23, request: on ? 3 : 1, value: 8, index: UInt16(port), &nothing)
    }

    private borrowing func descriptor() throws(USBError) -> libusb_device_descriptor {
        var descriptor = libusb_device_descriptor()
        try check(
            "libusb_get_device_descriptor", unsafe libusb_get_device_descriptor(libusb_get_device(handle), &descriptor))
        return descriptor
    }

    @discardableResult
    private borrowing func control(
        _ type: UInt8, request: UInt8, value: UInt16, index: UInt16, _ bytes: inout [UInt8]
    ) throws(USBError) -> Int32 {
        try check(
            "libusb_control_transfer",
            unsafe libusb_control_transfer(
                handle, type, request, value, index, &bytes, UInt16(bytes.count), Self.patienceMilliseconds))
    }
}
