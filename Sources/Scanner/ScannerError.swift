import Glibc

/// A system call on a scanner failed.
public struct ScannerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, as in `open`.
    public let call: String
    /// The system's error number, as in `EACCES`.
    public let code: Int32

    init(call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    /// Whether somebody else has the device.
    public var isBusy: Bool { code == EBUSY }

    /// For people.
    public var description: String { "\(call): \(unsafe String(cString: strerror(code)))" }
}
