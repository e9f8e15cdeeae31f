import Glibc

/// What went wrong between us and a USB device: the call, its code, and what the code means.
public struct USBError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The function that failed, by its C name.
    public let call: String
    /// Its code.
    public let code: Code

    /// The failure `code` of `call`.
    public init(call: String, code: Code) {
        self.call = call
        self.code = code
    }

    /// A code of libusb's (`enum libusb_error`, below 0), or a system's error number (above 0).
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The number.
        public let rawValue: Int32
        /// The code with this number.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// Input or output failed.
        public static let inputOutput = Self(rawValue: -1)
        /// We have no rights.
        public static let access = Self(rawValue: -3)
        /// The device is gone.
        public static let noDevice = Self(rawValue: -4)
        /// Not there; after a reset: it came back as another device, or not at all.
        public static let notFound = Self(rawValue: -5)
        /// The device did not answer in time.
        public static let timeout = Self(rawValue: -7)
        /// The device refused the request.
        public static let pipe = Self(rawValue: -9)
        /// What came cannot be what was asked for.
        public static let malformed = Self(rawValue: -99)
    }

    private static let meanings: [Code: String] = [
        .inputOutput: "input or output failed", .access: "no rights", .noDevice: "the device is gone",
        .notFound: "not there", .timeout: "no answer in time", .pipe: "the device refused",
        .malformed: "what came cannot be what was asked for",
    ]

    /// What the code means, in a phrase.
    public var meaning: String {
        if code.rawValue > 0 { return unsafe String(cString: strerror(code.rawValue)) }
        return Self.meanings[code] ?? "libusb's error \(code.rawValue)"
    }

    /// The value for people.
    public var description: String { "\(call): \(meaning)" }
}
