import CUSB
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
        public static let inputOutput = Self(LIBUSB_ERROR_IO)
        /// We have no rights.
        public static let access = Self(LIBUSB_ERROR_ACCESS)
        /// The device is gone.
        public static let noDevice = Self(LIBUSB_ERROR_NO_DEVICE)
        /// Not there; after a reset: it came back as another device, or not at all.
        public static let notFound = Self(LIBUSB_ERROR_NOT_FOUND)
        /// The device did not answer in time.
        public static let timeout = Self(LIBUSB_ERROR_TIMEOUT)
        /// The device refused the request.
        public static let pipe = Self(LIBUSB_ERROR_PIPE)
        /// What came cannot be what was asked for.
        public static let malformed = Self(LIBUSB_ERROR_OTHER)

        private init(_ code: libusb_error) { self.init(rawValue: code.rawValue) }
    }

    /// What the code means, in a phrase.
    public var meaning: String {
        code.rawValue > 0
            ? unsafe String(cString: strerror(code.rawValue)) : unsafe String(cString: libusb_strerror(code.rawValue))
    }

    /// The value for people.
    public var description: String { "\(call): \(meaning)" }
}

/// Throws when `status` is one of libusb's errors; returns it else, as some calls give a count.
@discardableResult
func check(_ call: String, _ status: Int32) throws(USBError) -> Int32 {
    guard status >= 0 else { throw USBError(call: call, code: .init(rawValue: status)) }
    return status
}
