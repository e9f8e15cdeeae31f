import Glibc

/// The screen's page cannot be served.
public struct ScreenError: Error, Hashable, CustomStringConvertible {
    /// What failed: `bind 127.0.0.1:8073`.
    public let call: String
    /// Why, as `errno` says it.
    public let code: Int32

    /// A failure of `call`.
    public init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// Both, for a log.
    public var description: String { unsafe "\(call): \(String(cString: strerror(code)))" }
}
