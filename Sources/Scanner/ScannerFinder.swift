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

    /// The attached scanners that `profiles` know, each by the profile that means it most particularly: by its very USB
    /// numbers, else by numbers with wildcards, else by path or name; of several such by the first. They come in that order.
    public func attached(_ profiles: [ScannerProfile]) -> [ScannerDevice] {
        let lines = profiles.contains { $0.kind != .keyboard } ? serialLines() : []
        let keyboards = profiles.contains { $0.kind == .keyboard } ? self.keyboards() : []
        let known = profiles.map { profile in
            (profile.id, Self.ranks(profile, profile.kind == .keyboard ? keyboards : lines))
        }
        var found: [ScannerDevice] = []
        for rank in Rank.allCases {
            for (id, paths) in known {
                for path in paths[rank] ?? [] where !found.contains(where: { Self.isSame($0.path, path) }) {
                    found.append(ScannerDevice(profile: id, path: path))
                }
            }
        }
        return found
    }

    /// How particularly a profile means a device, most first.
    private enum Rank: CaseIterable { case numbers, wildcards, name }

    /// A line or a keyboard that is there.
    private struct Present {
        let path: String
        /// A keyboard's; lines have none.
        let name: String
        let vendor: String
        let product: String
    }

    /// The paths that `profile` means among those `present`, by how particularly it does.
    private static func ranks(_ profile: ScannerProfile, _ present: [Present]) -> [Rank: [String]] {
        let match = profile.match
        let numbers = present.filter { device in
            match.usb.contains { $0.fits(vendor: device.vendor, product: device.product) }
        }
        let exact = numbers.filter { device in
            match.usb.contains { $0.isExact && $0.fits(vendor: device.vendor, product: device.product) }
        }
        let named = present.filter { device in
            match.names.contains { Wildcard.fits($0.lowercased(), device.name.lowercased()) }
        }
        return [
            .numbers: exact.map(\.path), .wildcards: numbers.map(\.path),
            .name: match.paths.flatMap(existing) + named.map(\.path),
        ]
    }

    /// Serial lines on USB: cdc_acm's, and those of adapters.
    private func serialLines() -> [Present] {
        Self.names(in: "\(places.sys)/class/tty").compactMap { name in
            guard name.hasPrefix("ttyACM") || name.hasPrefix("ttyUSB"),
                var folder = Self.resolved("\(places.sys)/class/tty/\(name)/device")
            else { return nil }
            // The device is one folder above its interface; an adapter's line lies one deeper than cdc_acm's.
            for _ in 0..<4 {
                if let vendor = Self.line("\(folder)/idVendor"), let product = Self.line("\(folder)/idProduct") {
                    return Present(path: "\(places.dev)/\(name)", name: "", vendor: vendor, product: product)
                }
                guard let slash = folder.lastIndex(of: "/"), slash > folder.startIndex else { return nil }
                folder = String(folder[..<slash])
            }
            return nil
        }
    }

    /// Input devices that can type letters and digits: a scanner often has a second one for its buttons.
    private func keyboards() -> [Present] {
        Self.names(in: "\(places.sys)/class/input").compactMap { name in
            let device = "\(places.sys)/class/input/\(name)/device"
            guard name.hasPrefix("event"), let keys = Self.line("\(device)/capabilities/key"), Self.areLetters(keys)
            else {
                return nil
            }
            return Present(
                path: "\(places.dev)/input/\(name)", name: Self.line("\(device)/name") ?? "",
                vendor: Self.line("\(device)/id/vendor") ?? "", product: Self.line("\(device)/id/product") ?? "")
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
