import DeviceProfiles
import TestSupport
import Testing
import USBReaders

@Suite("Known trouble with a reader")
struct KnownTroubleTests {
    private let profiles = ProfileLibrary.load(directory: Repository.profiles + "/readers")
    private let folder: Folder

    init() throws { folder = try Folder() }

    /// A driver that lists these devices.
    private func driver(
        _ name: String = "ccid", version: String = "1.5.2", _ identities: String...
    ) throws -> InstalledDrivers {
        let halves = identities.map { $0.split(separator: ":") }
        func list(_ key: String, _ values: [String]) -> String {
            "<key>\(key)</key><array>\(values.map { "<string>\($0)</string>" }.joined())</array>"
        }
        let text = """
            <?xml version="1.0"?><plist version="1.0"><dict>
            <key>CFBundleExecutable</key><string>lib\(name).so</string>
            <key>CFBundleShortVersionString</key><string>\(version)</string>
            \(list("ifdVendorID", halves.map { "0x\($0[0])" }))
            \(list("ifdProductID", halves.map { "0x\($0[1])" }))
            \(list("ifdFriendlyName", identities))
            </dict></plist>
            """
        let drivers = InstalledDrivers.load(paths: [try folder.write(text, to: "\(name).plist")])
        #expect(drivers.errors == [])
        return drivers
    }

    private func trouble(_ device: AttachedDevice, _ drivers: InstalledDrivers) -> [KnownTrouble] {
        KnownTrouble.find(in: device, profiles: profiles, drivers: drivers)
    }

    @Test("A reader that nobody but pcscd has, and that its driver knows, is in no trouble")
    func none() throws {
        let drivers = try driver("ccid", "072F:2200", "076B:5422")
        for holder in [nil, "usbfs"] {
            let device = try Sample.device("1-1.3", interfaces: [Sample.ccid(driver: holder)])
            #expect(trouble(device, drivers) == [])
        }
    }

    @Test(
        "A driver of the kernel's that has the reader's CCID interface is named, on the profiles' lists or not",
        arguments: ["pn533_usb", "some_new_driver"])
    func grabbed(_ module: String) throws {
        let device = try Sample.device("1-1.3", interfaces: [Sample.ccid(driver: module)])
        #expect(trouble(device, try driver("ccid", "072F:2200")) == [.kernelDriver(module, interface: 0)])
    }

    @Test("Interfaces that the kernel rightly has are no trouble; those that a profile names are, whatever their kind")
    func otherInterfaces() throws {
        let serial = Sample.interface(0x02, 2, 1, driver: "cdc_acm")
        let elatec = try Sample.device("1-1.3", "09D8:0427", interfaces: [Sample.ccid(), serial])
        #expect(trouble(elatec, try driver("ccid", "09D8:0427")) == [])
        let raw = Sample.interface(0xFF, 0, 0, driver: "pn533_usb")
        let device = try Sample.device("1-1.3", interfaces: [raw])
        #expect(trouble(device, try driver("ccid", "072F:2200")) == [.kernelDriver("pn533_usb", interface: 1)])
    }

    @Test("A reader that plays a keyboard is told so: by its numbers, or because nothing else comes from it")
    func keyboards() throws {
        let hid = Sample.interface(0x03, 1, 1, driver: "usbhid")
        let known = try Sample.device("1-1.3", "076B:5428", interfaces: [hid])
        let unknown = try Sample.device("1-1.3", "076B:5427", interfaces: [hid])
        for device in [known, unknown] {
            guard case .keyboard = trouble(device, try driver("ccid", "076B:5427")).first else {
                Issue.record("\(device.identity) is not taken for a keyboard")
                continue
            }
        }
        let both = try Sample.device("1-1.3", "076B:5427", interfaces: [Sample.ccid(), hid])
        #expect(trouble(both, try driver("ccid", "076B:5427")) == [])
    }

    @Test(
        "A counterfeit gives itself away by its texts, and a reader that its profile rules out is told with the reason")
    func ruledOut() throws {
        let copy = try Sample.device("1-1.3", manufacturer: "RFCARD", product: "RF1258V603")
        guard case .counterfeit(let match) = trouble(copy, try driver("ccid", "072F:2200")).first else {
            Issue.record("the counterfeit passes")
            return
        }
        #expect(match.why.contains("counterfeit"))
        let bare = try Sample.device("1-1.3", "04CC:2533", interfaces: [Sample.interface(0xFF, 0, 0)])
        guard case .ruledOut(let other) = trouble(bare, try driver("ccid", "072F:2200")).first else {
            Issue.record("a bare PN533 passes")
            return
        }
        #expect(other.profile.supportReason != nil)
    }

    @Test("Firmware older than the driver takes is told with both versions, unless another driver takes it")
    func firmware() throws {
        let old = try Sample.device("1-1.3", version: 0x0205)
        let ccid = try driver("ccid", "072F:2200")
        #expect(trouble(old, ccid) == [.firmwareTooOld(has: 0x0205, needs: 0x0206, .ccid)])
        #expect(trouble(try Sample.device("1-1.3", version: 0x0206), ccid) == [])
        let both = InstalledDrivers(lists: ccid.lists + (try driver("acsccid", "072F:2200")).lists)
        #expect(trouble(old, both) == [])
    }

    @Test("A driver that is not installed, too old, or does not list the reader is told")
    func drivers() throws {
        let omnikey = try Sample.device("1-1.4", "076B:5422")
        #expect(trouble(omnikey, InstalledDrivers(lists: [])) == [.driverNotInstalled(.ccid)])
        #expect(trouble(omnikey, try driver("ccid", "072F:2200")) == [.notListed])
        let acr1552 = try Sample.device("1-1.4", "072F:2303")
        let found = trouble(acr1552, try driver("ccid", version: "1.5.2", "072F:2200"))
        #expect(found.contains { if case .driverTooOld(.ccid, _, "1.5.2") = $0 { true } else { false } }, "\(found)")
    }

    @Test("A CCID reader without a profile is looked up in the lists; what is no reader is nobody's trouble")
    func strangers() throws {
        let stranger = try Sample.device("1-1.3", "F00D:0001")
        #expect(trouble(stranger, try driver("ccid", "F00D:0001")) == [])
        #expect(trouble(stranger, try driver("ccid", "072F:2200")) == [.notListed])
        let stick = try Sample.device("1-1.2", "0781:5567", interfaces: [Sample.interface(8, 6, 0x50)])
        #expect(trouble(stick, try driver("ccid", "072F:2200")) == [])
    }
}
