public import DeviceProfiles

/// A USB device as it is plugged in: what its descriptors say, where it is, and who has it.
///
/// What a profile asks for is ``DeviceProfiles/USBDevice``; ``profileDevice(interface:)`` makes one.
public struct AttachedDevice: Hashable, Sendable {
    /// Where it is plugged in.
    public let port: PortPath
    /// Its number on the bus, which changes whenever it is plugged in.
    public let address: UInt8
    /// idVendor and idProduct.
    public let identity: USBIdentity
    /// Its version, or its firmware's, binary-coded decimal.
    public let bcdDevice: UInt16
    /// bDeviceClass; 0 when each interface has its own.
    public let deviceClass: UInt8
    /// iManufacturer's text.
    public let manufacturer: String?
    /// iProduct's text.
    public let product: String?
    /// iSerialNumber's text.
    public let serial: String?
    /// The interfaces of the configuration in use, by number.
    public let interfaces: [Interface]

    /// A device with these properties.
    public init(
        port: PortPath, address: UInt8, identity: USBIdentity, bcdDevice: UInt16, deviceClass: UInt8,
        manufacturer: String? = nil, product: String? = nil, serial: String? = nil, interfaces: [Interface]
    ) {
        self.port = port
        self.address = address
        self.identity = identity
        self.bcdDevice = bcdDevice
        self.deviceClass = deviceClass
        self.manufacturer = manufacturer
        self.product = product
        self.serial = serial
        self.interfaces = interfaces
    }

    /// One of a device's interfaces.
    public struct Interface: Hashable, Sendable {
        /// bInterfaceNumber.
        public let number: UInt8
        /// bInterfaceClass, bInterfaceSubClass and bInterfaceProtocol.
        public let kind: Kind
        /// The kernel's driver that has it: `usbfs` when a program has, as pcscd; `nil`: nobody.
        public let driver: String?

        /// An interface with these properties.
        public init(number: UInt8, kind: Kind, driver: String?) {
            self.number = number
            self.kind = kind
            self.driver = driver
        }

        /// The name that the kernel gives programs that have an interface (drivers/usb/core/devio.c).
        public static let heldByProgram = "usbfs"
    }

    /// What an interface is for; the numbers are those of usb.org's list of class codes.
    public struct Kind: Hashable, Sendable {
        /// bInterfaceClass.
        public let code: UInt8
        /// bInterfaceSubClass.
        public let subclass: UInt8
        /// bInterfaceProtocol.
        public let protocolCode: UInt8

        /// The kind with these numbers.
        public init(_ code: UInt8, _ subclass: UInt8, _ protocolCode: UInt8) {
            self.code = code
            self.subclass = subclass
            self.protocolCode = protocolCode
        }

        /// A smart card reader after the CCID specification.
        public var isCCID: Bool { code == 0x0B }
        /// A keyboard, a mouse or the like.
        public var isHID: Bool { code == 0x03 }
        /// Made as its maker liked.
        public var isVendorSpecific: Bool { code == 0xFF }
    }

    /// Whether one of its interfaces is a smart card reader.
    public var hasCCID: Bool { interfaces.contains { $0.kind.isCCID } }

    /// The device as profiles match it, the reader being on `interface`.
    public func profileDevice(interface: Int? = nil) -> USBDevice {
        USBDevice(
            identity, bcdDevice: bcdDevice, interface: interface, manufacturer: manufacturer, product: product)
    }
}
