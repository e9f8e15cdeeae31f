public import DataFiles
import FoundationEssentials

/// The readers that a driver of pcscd says it serves, as its `Info.plist` lists them.
public struct DriverList: Hashable, Sendable {
    /// Which driver.
    public let name: ReaderProfile.Driver.Name
    /// The file.
    public let path: String
    /// The driver's version.
    public let version: String
    /// What pcscd calls the readers of each USB device.
    public let readers: [USBIdentity: [String]]
    /// Whether it passes escape commands on.
    public let allowsEscape: Bool

    /// Where Debian's packages put them; libccid's second one leads to its first.
    public static let standardPaths = [
        "/etc/libccid_Info.plist", "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist",
        "/usr/lib/pcsc/drivers/ifd-acsccid.bundle/Contents/Info.plist",
    ]

    /// DRIVER_OPTION_CCID_EXCHANGE_AUTHORIZED in `ifdDriverOptions` (libccid, `src/ccid.h`).
    private static let escapeBit: UInt32 = 0x0001
    /// libccid's list is 60 kB; more than a megabyte is a wrong path.
    private static let limit = 1 << 20

    private struct Info: Decodable {
        let executable: String
        let version: String
        let options: String?
        let vendors: [String]
        let products: [String]
        let names: [String]

        private enum CodingKeys: String, CodingKey {
            case executable = "CFBundleExecutable"
            case version = "CFBundleShortVersionString"
            case options = "ifdDriverOptions"
            case vendors = "ifdVendorID"
            case products = "ifdProductID"
            case names = "ifdFriendlyName"
        }
    }

    /// A driver that serves these readers.
    public init(
        name: ReaderProfile.Driver.Name, path: String, version: String, readers: [USBIdentity: [String]],
        allowsEscape: Bool
    ) {
        (self.name, self.path, self.version) = (name, path, version)
        (self.readers, self.allowsEscape) = (readers, allowsEscape)
    }

    /// Reads the list at `path`.
    public static func read(_ path: String) throws(DataFileError) -> DriverList {
        try DriverList(try DataFile.read(path, limit: limit), path: path)
    }

    /// Reads the bytes of a list; `path` is the name that errors give.
    init(_ bytes: [UInt8], path: String) throws(DataFileError) {
        let info: Info
        do {
            info = try PropertyListDecoder().decode(Info.self, from: Data(bytes))
        } catch {
            throw DataFileError(file: path, path: "", expected: Self.expectation(error))
        }
        guard info.vendors.count == info.products.count, info.vendors.count == info.names.count
        else {
            throw DataFileError(
                file: path, path: "ifdVendorID",
                expected: "as many numbers as in ifdProductID and names in ifdFriendlyName")
        }
        var readers: [USBIdentity: [String]] = [:]
        for (index, name) in info.names.enumerated() {
            let numbers = (Self.number(info.vendors[index]), Self.number(info.products[index]))
            guard let vendor = numbers.0.flatMap(UInt16.init(exactly:)),
                let product = numbers.1.flatMap(UInt16.init(exactly:))
            else {
                throw DataFileError(
                    file: path, path: "ifdVendorID[\(index)]", expected: "two USB numbers as in 0x072F, 0x2200")
            }
            readers[USBIdentity(vendor: vendor, product: product), default: []].append(name)
        }
        // libccid.so and libacsccid.so; every other one is some maker's own.
        let known = ReaderProfile.Driver.Name.allCases.first { info.executable == "lib\($0.rawValue).so" }
        name = known ?? .vendor
        version = info.version
        allowsEscape = (info.options.flatMap(Self.number) ?? 0) & Self.escapeBit != 0
        self.readers = readers
        self.path = path
    }

    private static func number(_ text: String) -> UInt32? {
        let digits = text.hasPrefix("0x") || text.hasPrefix("0X") ? text.dropFirst(2) : text[...]
        return UInt32(digits, radix: 16)
    }

    private static func expectation(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "a driver's Info.plist with \(key.stringValue)"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "a text or a list of texts at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        default: "a property list"
        }
    }

    /// Whether this version is at least `since`.
    func isAtLeast(_ since: String) -> Bool {
        let numbers = { (version: String) in
            version.split(separator: ".").map { Int($0.prefix(while: \.isNumber)) ?? 0 }
        }
        return !numbers(version).lexicographicallyPrecedes(numbers(since))
    }
}
