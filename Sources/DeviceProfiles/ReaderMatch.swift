import DataFiles
import Platform

/// What a reader is recognised by: its USB device first, then the name that pcscd gives it, then its cards' ATRs.
public struct ReaderMatch: Hashable, Sendable {
    /// USB devices.
    public let usb: [USBPattern]
    /// Parts of the name, in any case of letters.
    public let names: [String]
    /// Parts of the names of the device's slots that take no contactless card, as a SAM's.
    public let otherSlots: [String]
    /// How the ATRs that it reports for storage cards begin, when they are not those of PC/SC part 3.
    public let atrs: [[UInt8]]
    /// USB devices that pretend to be this one and do not work.
    public let counterfeits: [USBPattern]
    /// Whether this profile is for readers that no other one matches.
    public let fallback: Bool
}

/// A USB vendor and product number.
public struct USBIdentity: Hashable, Sendable, CustomStringConvertible {
    /// idVendor.
    public let vendor: UInt16
    /// idProduct.
    public let product: UInt16

    /// The identity of these two numbers.
    public init(vendor: UInt16, product: UInt16) {
        self.vendor = vendor
        self.product = product
    }

    /// Reads `072F:2200`.
    public init?(_ text: String) {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ $0.utf8.count == 4 }),
            let vendor = UInt16(halves[0], radix: 16), let product = UInt16(halves[1], radix: 16)
        else { return nil }
        self.init(vendor: vendor, product: product)
    }

    /// For people.
    public var description: String { "\(vendor.fourDigits):\(product.fourDigits)" }
}

/// A USB device as far as it could be looked at.
public struct USBDevice: Hashable, Sendable {
    /// Vendor and product number.
    public var identity: USBIdentity
    /// The device's own version, binary-coded decimal.
    public var bcdDevice: UInt16?
    /// The interface that the PC/SC reader is on.
    public var interface: Int?
    /// iManufacturer's text.
    public var manufacturer: String?
    /// iProduct's text.
    public var product: String?

    /// A device with these properties.
    public init(
        _ identity: USBIdentity, bcdDevice: UInt16? = nil, interface: Int? = nil, manufacturer: String? = nil,
        product: String? = nil
    ) {
        self.identity = identity
        self.bcdDevice = bcdDevice
        self.interface = interface
        self.manufacturer = manufacturer
        self.product = product
    }
}

/// Which USB devices are meant: vendor and product number, and whatever else narrows them down.
public struct USBPattern: Hashable, Sendable, CustomStringConvertible {
    /// Vendor and product number.
    public let identity: USBIdentity
    /// Versions of the device, lowest and highest.
    public let bcdDevice: ClosedRange<UInt16>?
    /// The number of the interface.
    public let interface: Int?
    /// A part of the manufacturer's text.
    public let manufacturer: String?
    /// A part of the product's text.
    public let product: String?

    /// How many things it asks for beyond the two numbers: of several patterns that fit, the most particular wins.
    public var particulars: Int {
        [bcdDevice != nil, interface != nil, manufacturer != nil, product != nil].count { $0 }
    }

    /// Whether `device` is meant. What it does not tell is not held against it.
    public func fits(_ device: USBDevice) -> Bool {
        guard device.identity == identity else { return false }
        if let bcdDevice, let version = device.bcdDevice, !bcdDevice.contains(version) { return false }
        if let interface, let there = device.interface, interface != there { return false }
        if let manufacturer, let there = device.manufacturer, !there.contains(manufacturer) { return false }
        if let product, let there = device.product, !there.contains(product) { return false }
        return true
    }

    /// Whether `device` is meant and tells everything that is asked for.
    public func surelyFits(_ device: USBDevice) -> Bool {
        fits(device) && (bcdDevice == nil || device.bcdDevice != nil) && (interface == nil || device.interface != nil)
            && (manufacturer == nil || device.manufacturer != nil) && (product == nil || device.product != nil)
    }

    /// For people.
    public var description: String {
        var parts = ["\(identity)"]
        if let bcdDevice {
            parts.append("version \(bcdDevice.lowerBound.fourDigits) to \(bcdDevice.upperBound.fourDigits)")
        }
        if let interface { parts.append("interface \(interface)") }
        if let manufacturer { parts.append("manufacturer '\(manufacturer)'") }
        if let product { parts.append("product '\(product)'") }
        return parts.joined(separator: ", ")
    }
}

extension UInt16 {
    fileprivate var fourDigits: String { [UInt8(self >> 8), UInt8(self & 0xFF)].hex().uppercased() }
}

extension ReaderMatch: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case usb, names, otherSlots, atrs, counterfeits, fallback }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        usb = try container.decodeIfPresent([USBPattern].self, forKey: .usb) ?? []
        names = try container.decodeIfPresent([String].self, forKey: .names) ?? []
        otherSlots = try container.decodeIfPresent([String].self, forKey: .otherSlots) ?? []
        counterfeits = try container.decodeIfPresent([USBPattern].self, forKey: .counterfeits) ?? []
        fallback = try container.decodeIfPresent(Bool.self, forKey: .fallback) ?? false
        let texts = try container.decodeIfPresent([String].self, forKey: .atrs) ?? []
        atrs = texts.compactMap { [UInt8](hex: $0) }
        guard atrs.count == texts.count, !atrs.contains([]) else {
            throw decoder.fault("beginnings of ATRs in hexadecimal, none empty", at: Key.atrs)
        }
        for (key, parts) in [(Key.names, names), (.otherSlots, otherSlots)] where parts.contains("") {
            throw decoder.fault("parts of a reader's name, none empty", at: key)
        }
        guard fallback || !usb.isEmpty || !names.isEmpty else {
            throw decoder.fault("usb, names or fallback: true")
        }
    }
}

extension USBPattern: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case id, bcdDevice, interface, manufacturer, product }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            guard let identity = USBIdentity(text) else { throw decoder.fault(Self.form(text)) }
            self.identity = identity
            (bcdDevice, interface, manufacturer, product) = (nil, nil, nil, nil)
            return
        }
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        let text = try container.decode(String.self, forKey: .id)
        guard let identity = USBIdentity(text) else { throw decoder.fault(Self.form(text), at: Key.id) }
        self.identity = identity
        interface = try container.decodeIfPresent(Int.self, forKey: .interface)
        manufacturer = try container.decodeIfPresent(String.self, forKey: .manufacturer)
        product = try container.decodeIfPresent(String.self, forKey: .product)
        guard let ends = try container.decodeIfPresent([String].self, forKey: .bcdDevice) else {
            bcdDevice = nil
            return
        }
        let numbers = ends.compactMap { $0.utf8.count == 4 ? UInt16($0, radix: 16) : nil }
        guard ends.count == 2, numbers.count == 2, numbers[0] <= numbers[1] else {
            throw decoder.fault("the lowest and the highest version as in [\"0100\", \"0214\"]", at: Key.bcdDevice)
        }
        bcdDevice = numbers[0]...numbers[1]
    }

    private static func form(_ text: String) -> String { "vendor:product as in 072F:2200, not '\(text)'" }
}
