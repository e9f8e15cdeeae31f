import DataFiles
import DeviceProfiles
import Foundation
import Testing

@Suite("The lists of pcscd's drivers")
struct DriverListTests {
    @Test("A list tells driver, version, escape bit, and every name of a device, entities resolved")
    func invented() throws {
        let folder = try Folder()
        let path = try folder.write(AcmeWave.driver, to: "Info.plist")
        let list = try DriverList.read(path)
        #expect(list.name == .ccid)
        #expect(list.version == "1.5.2")
        #expect(list.allowsEscape)
        let device = USBIdentity(vendor: 0xF00D, product: 1)
        #expect(list.readers == [device: ["Acme Wave Reader", "Acme Wave & Tide Reader"]])
        let other = AcmeWave.driver.replacing("libccid.so", with: "libifdacme.so").replacing("0x0005", with: "0x0004")
        let vendors = try DriverList.read(try folder.write(other, to: "vendor.plist"))
        #expect(vendors.name == .vendor)
        #expect(!vendors.allowsEscape)
    }

    @Test("A list that lacks a value, is none, or is not there is an error that says so, not a trap")
    func broken() throws {
        let folder = try Folder()
        let cases = [
            (AcmeWave.driver.replacing("CFBundleShortVersionString", with: "Version"), "CFBundleShortVersionString"),
            (AcmeWave.driver.replacing("<string>1.5.2</string>", with: "<array/>"), "CFBundleShortVersionString"),
            ("", "property list"), ("<plist", "property list"), ("{ name: \"ccid\" }", "property list"),
        ]
        for (text, expected) in cases {
            let path = try folder.write(text, to: "Info.plist")
            let error = #expect(throws: DataFileError.self) { try DriverList.read(path) }
            #expect(error?.expected.contains(expected) == true, "\(String(describing: error))")
        }
        #expect(throws: DataFileError.self) { try DriverList.read(folder.path + "/none.plist") }
        let original = Array(AcmeWave.driver.utf8)
        var refused = 0
        for length in stride(from: 0, to: original.count, by: 7) {
            let path = try folder.write(String(decoding: original.prefix(length), as: UTF8.self), to: "cut.plist")
            if (try? DriverList.read(path)) == nil { refused += 1 }
        }
        print("driver lists: \(refused) cut ones refused")
        #expect(refused > 0)
    }

    @Test(
        "The drivers installed here are read, each device with a name",
        .enabled(if: DriverList.standardPaths.contains { FileManager.default.fileExists(atPath: $0) }))
    func installed() throws {
        let drivers = InstalledDrivers.load()
        #expect(drivers.errors == [])
        #expect(Set(drivers.lists.map(\.name)).count == drivers.lists.count)
        let omnikey = USBIdentity(vendor: 0x076B, product: 0x5022)
        let acr = USBIdentity(vendor: 0x072F, product: 0x2200)
        for list in drivers.lists {
            #expect(list.readers[list.name == .ccid ? omnikey : acr]?.isEmpty == false)
            print("driver list: \(list.title), \(list.readers.count) devices")
        }
    }
}
