import CLinux
import FoundationEssentials
import Glibc
import Platform

/// A scanner that is attached, and the profile for it.
public struct ScannerDevice: Hashable, Sendable {
    /// The profile's id.
    public let profile: String
    /// Where it is, as in `/dev/ttyACM0`.
    public let path: String

    /// The scanner at `path`, read by the profile called `profile`.
    public init(profile: String, path: String) {
        self.profile = profile
        self.path = path
    }
}

/// Where devices are looked for: the machine's own folders, or a test's.
public struct ScannerPlaces: Hashable, Sendable {
    /// The kernel's tree of devices, `/sys`.
    public let sys: String
    /// The devices' files, `/dev`.
    public let dev: String

    /// Other folders than the machine's.
    public init(sys: String = "/sys", dev: String = "/dev") {
        self.sys = sys
        self.dev = dev
    }
}

/// Finds out which scanners are attached, without opening any device.
public struct ScannerFinder: Sendable {
    private let places: ScannerPlaces

    /// Looks in `places`.
    public init(places: ScannerPlaces = ScannerPlaces()) { self.places = places }

    /// The attached scanners that `profiles` know, in the profiles' order; a device is named once, by the first of them.
    public func attached(_ profiles: [ScannerProfile]) -> [ScannerDevice] {
        var found: [ScannerDevice] = []
        var lines: [(path: String, usb: (vendor: String, product: String))]?
        var keyboards: [Keyboard]?
        for profile in profiles {
            let paths: [String]
            switch profile.kind {
            case .serial:
                let known = lines ?? serialLines()
                lines = known
                paths =
                    profile.match.paths.flatMap(Self.existing)
                    + known.filter { line in profile.match.usb.contains { $0.fits(line.usb) } }.map(\.path)
            case .keyboard:
                let known = keyboards ?? self.keyboards()
                keyboards = known
                paths = known.filter { $0.isMeant(by: profile.match) }.map(\.path)
            }
            for path in paths where !found.contains(where: { Self.isSame($0.path, path) }) {
                found.append(ScannerDevice(profile: profile.id, path: path))
            }
        }
        return found
    }

    private struct Keyboard {
        let path: String
        let name: String
        let usb: (vendor: String, product: String)

        func isMeant(by match: ScannerMatch) -> Bool {
            match.usb.contains { $0.fits(usb) }
                || match.names.contains { Wildcard.fits($0.lowercased(), name.lowercased()) }
        }
    }

    /// Serial lines on USB: cdc_acm's, and those of adapters.
    private func serialLines() -> [(path: String, usb: (vendor: String, product: String))] {
        Self.names(in: "\(places.sys)/class/tty").compactMap { name in
            guard name.hasPrefix("ttyACM") || name.hasPrefix("ttyUSB"),
                var folder = Self.resolved("\(places.sys)/class/tty/\(name)/device")
            else { return nil }
            // The device is one folder above its interface; an adapter's line lies one deeper than cdc_acm's.
            for _ in 0..<4 {
                if let vendor = Self.line("\(folder)/idVendor"), let product = Self.line("\(folder)/idProduct") {
                    return ("\(places.dev)/\(name)", (vendor, product))
                }
                guard let slash = folder.lastIndex(of: "/"), slash > folder.startIndex else { return nil }
                folder = String(folder[..<slash])
            }
            return nil
        }
    }

    /// Input devices that can type letters and digits: a scanner often has a second one for its buttons.
    private func keyboards() -> [Keyboard] {
        Self.names(in: "\(places.sys)/class/input").compactMap { name in
            let device = "\(places.sys)/class/input/\(name)/device"
            guard name.hasPrefix("event"), let keys = Self.line("\(device)/capabilities/key"), Self.areLetters(keys)
            else {
                return nil
            }
            return Keyboard(
                path: "\(places.dev)/input/\(name)", name: Self.line("\(device)/name") ?? "",
                usb: (Self.line("\(device)/id/vendor") ?? "", Self.line("\(device)/id/product") ?? ""))
        }
    }

    /// - Parameter keys: the kernel's bitmap, in words of hexadecimal, the one of keys 0 to 63 (or 31) last.
    private static func areLetters(_ keys: String) -> Bool {
        guard let word = keys.split(separator: " ").last.flatMap({ UInt64($0, radix: 16) }) else { return false }
        // Keys 2 (the 1), 16 (Q) and 28 (Enter), which all are in the lower 32 bits.
        return [2, 16, 28].allSatisfy { word >> UInt64($0) & 1 == 1 }
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        one == other || resolved(one) == (resolved(other) ?? other)
    }

    private static func existing(_ pattern: String) -> [String] {
        guard let slash = pattern.lastIndex(of: "/") else { return [] }
        let (folder, last) = (String(pattern[..<slash]), pattern[pattern.index(after: slash)...])
        return names(in: folder).filter { Wildcard.fits(last, $0) }.map { "\(folder)/\($0)" }
    }

    /// In the order in which people count: `ttyACM2` before `ttyACM10`.
    private static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// The first line of a small file of the kernel's.
    private static func line(_ path: String) -> String? {
        let number = unsafe yika_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard number >= 0 else { return nil }
        let file = Descriptor(adopting: number)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(file.number, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

extension USBNumbers {
    fileprivate func fits(_ usb: (vendor: String, product: String)) -> Bool {
        fits(vendor: usb.vendor, product: usb.product)
    }
}
