import DeviceProfiles
import SmartCard
import Testing
import USBReaders

/// Devices for tests that need no kernel.
enum Sample {
    static func device(
        _ port: String, address: UInt8 = 4, _ identity: String = "072F:2200", version: UInt16 = 0x0214,
        deviceClass: UInt8 = 0, manufacturer: String? = "ACS", product: String? = "ACR122U PICC Interface",
        serial: String? = nil, interfaces: [AttachedDevice.Interface] = [ccid()]
    ) throws -> AttachedDevice {
        AttachedDevice(
            port: try #require(PortPath(port)), address: address, identity: try #require(USBIdentity(identity)),
            bcdDevice: version, deviceClass: deviceClass, manufacturer: manufacturer, product: product, serial: serial,
            interfaces: interfaces)
    }

    static func ccid(_ number: UInt8 = 0, driver: String? = nil) -> AttachedDevice.Interface {
        AttachedDevice.Interface(number: number, kind: AttachedDevice.Kind(0x0B, 0, 0), driver: driver)
    }

    static func interface(_ code: UInt8, _ subclass: UInt8, _ protocolCode: UInt8, driver: String? = nil)
        -> AttachedDevice.Interface
    {
        AttachedDevice.Interface(number: 1, kind: AttachedDevice.Kind(code, subclass, protocolCode), driver: driver)
    }
}

@Suite("The USB device behind a PC/SC reader")
struct ReaderAddressTests {
    @Test("A channel id means bus and address when its kind is USB, and nothing else")
    func channelIDs() {
        #expect(ReaderAddress(channelID: 0x0020_0104) == .device(bus: 1, address: 4))
        #expect(ReaderAddress(channelID: 0x0020_FF7F) == .device(bus: 255, address: 127))
        // A serial channel, vpcd's port, USB without bus or address.
        for channel: UInt32 in [0x0001_0104, 0x0000_8C7B, 0x0020_0004, 0x0020_0100, 0x0120_0104, 0] {
            #expect(ReaderAddress(channelID: channel) == nil)
        }
    }

    @Test("A path from control code 3601 means port and interface")
    func paths() throws {
        let port = try #require(PortPath("1-1.3.2"))
        #expect(ReaderAddress(path: "1-1.3.2:1.0") == .port(port, interface: 0))
        #expect(ReaderAddress(path: "1-1.3.2:1.11") == .port(port, interface: 11))
        for text in [
            "1-1.3.2", "1-1.3.2:1", "1-1.3.2:1.0.0", ":1.0", "1-1.3.2:.0", "1-1.3.2:1.", "usb1:1.0", "1-1:1.-0",
        ] {
            #expect(ReaderAddress(path: text) == nil)
        }
    }

    @Test("Of what a driver tells, the port goes before the address; nothing told is nothing known")
    func facts() throws {
        let port = try #require(PortPath("1-1.3"))
        #expect(ReaderAddress(ReaderFacts(channelID: 0x0020_0104, usbPath: "1-1.3:1.0")) == .port(port, interface: 0))
        #expect(ReaderAddress(ReaderFacts(channelID: 0x0020_0104, usbPath: "?")) == .device(bus: 1, address: 4))
        #expect(ReaderAddress(ReaderFacts()) == nil)
    }

    @Test("A reader whose driver tells its place is found there, and nowhere else when the place is empty")
    func told() throws {
        let devices = [try Sample.device("1-1.2", address: 4), try Sample.device("1-1.3", address: 5)]
        let name = "ACS ACR122U PICC Interface 00 00"
        let byChannel = LocatedReader.find(name, facts: ReaderFacts(channelID: 0x0020_0105), among: devices)
        #expect(byChannel?.device.port == PortPath("1-1.3"))
        #expect(byChannel?.way == .driver)
        let byPath = LocatedReader.find(name, facts: ReaderFacts(usbPath: "1-1.2:1.0"), among: devices)
        #expect(byPath?.device.address == 4)
        #expect(byPath?.interface == 0)
        // It was replugged since: its name would fit one device now, and that may be another one.
        let one = [try Sample.device("1-1.2", address: 9)]
        #expect(LocatedReader.find(name, facts: ReaderFacts(channelID: 0x0020_0104), among: one) == nil)
    }

    @Test("A reader whose driver tells nothing is found by its name when one device only has that name")
    func named() throws {
        let acr = try Sample.device("1-1.2")
        let omnikey = try Sample.device(
            "1-1.4", "076B:5422", manufacturer: "HID Global", product: "OMNIKEY 5422 Smartcard Reader", serial: "OK1")
        let twin = try Sample.device(
            "1-1.5", "076B:5422", manufacturer: "HID Global", product: "OMNIKEY 5422 Smartcard Reader", serial: "OK2")
        func find(_ name: String, _ devices: [AttachedDevice]) -> PortPath? {
            LocatedReader.find(name, facts: nil, among: devices)?.device.port
        }
        #expect(find("ACS ACR122U PICC Interface 00 00", [acr, omnikey, twin]) == acr.port)
        let slot = "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422CL Smartcard Reader]"
        #expect(find("\(slot) (OK2) 01 00", [acr, omnikey, twin]) == twin.port)
        // Two could be it: better none than the wrong one reset.
        #expect(find("\(slot) 01 00", [omnikey, twin]) == nil)
        #expect(find("\(slot) (OK3) 01 00", [omnikey, twin]) == nil)
        #expect(find("ACS ACR122U PICC Interface2 00 00", [acr]) == nil)
        #expect(find("Virtual PCD 00 00", [acr, omnikey]) == nil)
        let nameless = try Sample.device("1-1.6", manufacturer: nil, product: nil)
        #expect(find(" 00 00", [nameless]) == nil)
    }
}
