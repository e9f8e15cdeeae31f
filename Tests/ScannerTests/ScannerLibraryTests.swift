import DataFiles
import Foundation
import Scanner
import TestSupport
import Testing

/// A folder of the test's own, removed with it.
final class ScratchFolder {
    let path = NSTemporaryDirectory() + "yika-scanner-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, _ name: String) throws {
        let file = URL(filePath: path + "/" + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func link(_ name: String, to target: String) throws {
        let file = URL(filePath: path + "/" + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: target)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }
}

extension ScannerProfile {
    /// A profile out of JSON5, with what every profile has filled in.
    static func test(_ id: String, _ rest: String) throws -> ScannerProfile {
        let text = "{ id: '\(id)', title: 'a test', evidence: ['a test'], verified: false, \(rest) }"
        return try JSON5File.decode(ScannerProfile.self, from: Array(text.utf8), file: "\(id).json5")
    }
}

@Suite("Scanner profiles")
struct ScannerLibraryTests {
    @Test("All profiles of the repository load, say where they come from, and only the virtual one matches nothing")
    func shipped() {
        let library = ScannerLibrary.load(directory: Repository.profiles + "/scanners")
        #expect(library.errors == [])
        let kinds = Set(library.profiles.map { $0.kind == .keyboard })
        #expect(library.profiles.count >= 8 && kinds == [true, false])
        for profile in library.profiles {
            let match = profile.match
            #expect((match.usb.isEmpty && match.paths.isEmpty && match.names.isEmpty) == (profile.id == "virtual"))
            // Nobody has tried any of them on a device.
            #expect(profile.verified == (profile.id == "virtual"))
        }
        #expect(library.profile(id: "virtual")?.terminators == [0x0D, 0x0A] && library.profile(id: "none") == nil)
    }

    @Test("A bad file is reported with its place and skipped; the others load")
    func oneBad() throws {
        let folder = try ScratchFolder()
        let good = "{ id: 'good', title: 'x', evidence: ['x'], verified: false, kind: 'keyboard', terminators: '0D' }"
        try folder.write(good, "good.json5")
        try folder.write(good, "other.json5")
        try folder.write("{ id: 'broken', ", "broken.json5")
        try folder.write("no profile", "notes.txt")
        let library = ScannerLibrary.load(directory: folder.path)
        #expect(library.profiles.map(\.id) == ["good"])
        #expect(library.errors.map { $0.file.split(separator: "/").last } == ["broken.json5", "other.json5"])
        #expect(library.errors.map(\.path) == ["line 1", "id"])
        let nowhere = ScannerLibrary.load(directory: folder.path + "/nowhere")
        #expect(nowhere.profiles.isEmpty && nowhere.errors.count == 1)
    }

    @Test(
        "Each value that cannot be meant is named",
        arguments: [
            ("kind: 'serial', baud: 9600, terminators: '0'", "terminators"),
            ("kind: 'serial', baud: 9600", "terminators"),
            ("kind: 'serial', baud: 9601, terminators: '0D'", "baud"),
            ("kind: 'serial', terminators: '0D'", "baud"),
            ("kind: 'keyboard', baud: 9600, terminators: '0D'", "baud"),
            ("kind: 'bluetooth', terminators: '0D'", "kind"),
            ("kind: 'keyboard', terminators: '0D', match: { paths: ['/dev/input/event3'] }", "match"),
            ("kind: 'serial', baud: 9600, terminators: '0D', match: { names: ['*Barcode*'] }", "match"),
            ("kind: 'keyboard', terminators: '0D', match: { names: ['*'] }", "match.names"),
            ("kind: 'keyboard', terminators: '0D', match: { names: ['*ke*'] }", "match.names"),
            ("kind: 'keyboard', terminators: '0D', match: { usb: ['1EAB'] }", "match.usb"),
            ("kind: 'keyboard', terminators: '0D', match: { usb: ['1E?B:0003'] }", "match.usb"),
            ("kind: 'serial', baud: 9600, terminators: '0D', match: { paths: ['ttyACM0'] }", "match.paths"),
            ("kind: 'serial', baud: 9600, terminators: '0D', match: { paths: ['/dev/*/usb'] }", "match.paths"),
            ("kind: 'serial', baud: 9600, terminators: '0D', match: { vendor: 'x' }", "match.vendor"),
            ("kind: 'keyboard', terminators: '0D', silenceMilliseconds: 19", "silenceMilliseconds"),
            ("kind: 'keyboard', terminators: '0D', silenceMilliseconds: 2001", "silenceMilliseconds"),
            ("kind: 'keyboard', terminators: '0D', prefixes: ['']", "prefixes"),
            ("kind: 'keyboard', terminators: '0D', prefix: ['02']", "prefix"),
        ])
    func wrong(rest: String, path: String) {
        #expect {
            try ScannerProfile.test("x", rest)
        } throws: { error in
            (error as? DataFileError)?.path == path
        }
    }
}

@Suite("Scanners that are attached")
struct ScannerFinderTests {
    /// A kernel's tree as far as it is looked at: two lines on USB, one without a device, two keyboards, one button.
    private func tree() throws -> ScratchFolder {
        let folder = try ScratchFolder()
        try folder.write("1eab\n", "sys/devices/usb1/1-1/idVendor")
        try folder.write("8306\n", "sys/devices/usb1/1-1/idProduct")
        try folder.write("", "sys/devices/usb1/1-1/1-1:1.0/interface")
        try folder.link("sys/class/tty/ttyACM10/device", to: "../../../devices/usb1/1-1/1-1:1.0")
        try folder.write("1eab\n", "sys/devices/usb1/1-2/idVendor")
        try folder.write("0c06\n", "sys/devices/usb1/1-2/idProduct")
        // An adapter's line has a folder of its own below the interface.
        try folder.write("", "sys/devices/usb1/1-2/1-2:1.0/ttyUSB2/port_number")
        try folder.link("sys/class/tty/ttyUSB2/device", to: "../../../devices/usb1/1-2/1-2:1.0/ttyUSB2")
        try folder.write("", "sys/class/tty/ttyS0/uevent")
        try keyboard(folder, "event3", "05e0", "1200", "Symbol Bar Code Scanner", "e080ffdf 1cfffff ffffffff fffffffe")
        try keyboard(folder, "event4", "046d", "c31c", "Logitech USB Keyboard", "ffff fffffffffffffffe")
        // A scanner's second device, for its trigger: it types nothing.
        try keyboard(folder, "event5", "05e0", "1200", "Symbol Bar Code Scanner Consumer Control", "1f 0 0 0")
        return folder
    }

    private func keyboard(
        _ folder: ScratchFolder, _ event: String, _ vendor: String, _ product: String, _ name: String, _ keys: String
    ) throws {
        let device = "sys/class/input/\(event)/device/"
        try folder.write(vendor + "\n", device + "id/vendor")
        try folder.write(product + "\n", device + "id/product")
        try folder.write(name + "\n", device + "name")
        try folder.write(keys + "\n", device + "capabilities/key")
    }

    private func attached(_ folder: ScratchFolder, _ profiles: ScannerProfile...) -> [String] {
        ScannerFinder(places: ScannerPlaces(sys: folder.path + "/sys", dev: "/DEV")).attached(profiles)
            .map { "\($0.profile) \($0.path.replacing(folder.path, with: ""))" }
    }

    @Test("Serial lines are found by USB numbers with wildcards, in the order in which people count")
    func serial() throws {
        let folder = try tree()
        let all = try ScannerProfile.test(
            "all", "kind: 'serial', baud: 9600, terminators: '', match: { usb: ['1EAB:??06'] }")
        let one = try ScannerProfile.test(
            "one", "kind: 'serial', baud: 9600, terminators: '', match: { usb: ['1eab:0C06'] }")
        let none = try ScannerProfile.test(
            "none", "kind: 'serial', baud: 9600, terminators: '', match: { usb: ['1EAB:??03'] }")
        #expect(attached(folder, all) == ["all /DEV/ttyUSB2", "all /DEV/ttyACM10"])
        #expect(attached(folder, one, all) == ["one /DEV/ttyUSB2", "all /DEV/ttyACM10"])
        #expect(attached(folder, none) == [])
    }

    @Test("Serial lines are found by paths; two names of one device are one device")
    func paths() throws {
        let folder = try tree()
        for name in ["usb-Honeywell_1900-if00", "usb-Other_Modem-if00", "usb-Honeywell"] {
            try folder.write("", "by-id/" + name)
        }
        try folder.link("by-path/one", to: folder.path + "/by-id/usb-Honeywell")
        let profile = try ScannerProfile.test(
            "paths",
            "kind: 'serial', baud: 9600, terminators: '', "
                + "match: { paths: ['\(folder.path)/by-id/usb-Honeywell*', '\(folder.path)/by-path/*', '/nowhere/*'] }")
        #expect(attached(folder, profile) == ["paths /by-id/usb-Honeywell", "paths /by-id/usb-Honeywell_1900-if00"])
    }

    @Test("Keyboards are found by numbers or by name, and only those that can type; a person's never")
    func keyboards() throws {
        let folder = try tree()
        let usb = try ScannerProfile.test("usb", "kind: 'keyboard', terminators: '0D', match: { usb: ['05E0:1200'] }")
        let name = try ScannerProfile.test(
            "name", "kind: 'keyboard', terminators: '0D', match: { names: ['*BAR CODE*'] }")
        #expect(attached(folder, usb) == ["usb /DEV/input/event3"])
        #expect(attached(folder, name) == ["name /DEV/input/event3"])
        #expect(attached(folder, name, usb) == ["usb /DEV/input/event3"])
        let shipped = ScannerLibrary.load(directory: Repository.profiles + "/scanners").profiles
        let finder = ScannerFinder(places: ScannerPlaces(sys: folder.path + "/sys", dev: "/DEV"))
        let found = finder.attached(shipped)
        // The generic profile knows the first one by its name, and its own one by its numbers: that is the better one.
        #expect(
            found == [
                ScannerDevice(profile: "zebra-keyboard", path: "/DEV/input/event3"),
                ScannerDevice(profile: "newland-serial", path: "/DEV/ttyUSB2"),
                ScannerDevice(profile: "newland-serial", path: "/DEV/ttyACM10"),
            ])
    }

    @Test("On a machine without any, none is found")
    func nothing() {
        let places = ScannerPlaces(sys: "/nowhere", dev: "/nowhere")
        let shipped = ScannerLibrary.load(directory: Repository.profiles + "/scanners").profiles
        #expect(ScannerFinder(places: places).attached(shipped) == [])
    }
}
