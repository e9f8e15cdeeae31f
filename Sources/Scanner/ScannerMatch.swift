import DataFiles
import Platform

/// What a scanner is recognised by.
///
/// One that names nothing is found only at the path that a configuration gives.
public struct ScannerMatch: Hashable, Sendable {
    /// USB devices.
    public let usb: [USBNumbers]
    /// Paths of serial lines; in the last part `*` stands for anything.
    public let paths: [String]
    /// Names of keyboards as the kernel shows them, any case; `*` stands for anything.
    public let names: [String]

    static let nothing = ScannerMatch(usb: [], paths: [], names: [])
}

/// Vendor and product number of USB devices, as in `1EAB:??06`, where `?` in the product stands for any digit: makers
/// number a family's interfaces in its last digits.
public struct USBNumbers: Hashable, Sendable, CustomStringConvertible {
    private let pattern: [UInt8]

    /// Reads `1EAB:??06`.
    public init?(_ text: String) {
        let characters = Array(text.uppercased().utf8)
        guard characters.count == 9, characters[4] == UInt8(ascii: ":"),
            characters[..<4].allSatisfy(Self.isDigit),
            characters[5...].allSatisfy({ Self.isDigit($0) || $0 == UInt8(ascii: "?") })
        else { return nil }
        pattern = characters
    }

    /// Whether it means one product only.
    var isExact: Bool { !pattern.contains(UInt8(ascii: "?")) }

    /// Whether the device with these numbers, four hexadecimal digits each, is meant.
    public func fits(vendor: String, product: String) -> Bool {
        let numbers = Array("\(vendor):\(product)".uppercased().utf8)
        return numbers.count == pattern.count
            && zip(numbers, pattern).allSatisfy { $0 == $1 || $1 == UInt8(ascii: "?") }
    }

    /// For people.
    public var description: String { String(decoding: pattern, as: UTF8.self) }

    private static func isDigit(_ character: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
            || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(character)
    }
}

/// A pattern in which `*` stands for any characters, also for none.
enum Wildcard {
    /// Whether `text` is as `pattern` says, to its end.
    static func fits(_ pattern: some StringProtocol, _ text: some StringProtocol) -> Bool {
        let (pattern, text) = (Array(pattern.utf8), Array(text.utf8))
        var (place, at) = (0, 0)
        /// Where to go on when what follows the last `*` does not fit: it takes one character more.
        var retry: (place: Int, at: Int)?
        while at < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                place += 1
                retry = (place, at)
            } else if place < pattern.count, pattern[place] == text[at] {
                (place, at) = (place + 1, at + 1)
            } else if let last = retry {
                (place, at) = (last.place, last.at + 1)
                retry = (place, at)
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension ScannerMatch: Decodable {
    private enum Key: String, CodingKey, CaseIterable { case usb, paths, names }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        let texts = try container.decodeIfPresent([String].self, forKey: .usb) ?? []
        usb = texts.compactMap { USBNumbers($0) }
        guard usb.count == texts.count else {
            throw decoder.fault("vendor:product as in 05E0:1701, or 1EAB:??06 for any digits", at: Key.usb)
        }
        paths = try container.decodeIfPresent([String].self, forKey: .paths) ?? []
        guard paths.allSatisfy(Self.isUsable) else {
            throw decoder.fault("whole paths below a folder, with `*` in the last part only", at: Key.paths)
        }
        names = try container.decodeIfPresent([String].self, forKey: .names) ?? []
        // "*" alone would take the cashier's keyboard away, and so would a word of two letters.
        guard names.allSatisfy({ $0.utf8.count { $0 != UInt8(ascii: "*") } >= Self.nameLeast }) else {
            throw decoder.fault(
                "names of keyboards with at least \(Self.nameLeast) characters beside `*`", at: Key.names)
        }
    }

    private static let nameLeast = 4

    private static func isUsable(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count >= 3 && parts[0].isEmpty && !parts.dropFirst().contains("")
            && !parts.dropLast().contains { $0.contains("*") }
    }
}
