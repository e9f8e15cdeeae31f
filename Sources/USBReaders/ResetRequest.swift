public import DeviceProfiles
import FoundationEssentials
import Platform

/// What the privileged helper is asked for: one thing, for one reader, at one port.
///
/// It is a file named after the port in the helper's folder, with one line of JSON:
/// `{"action":"reset","port":"1-1.3.2","product":"2200","vendor":"072f"}`.
public struct ResetRequest: Hashable, Sendable {
    /// What is to be done.
    public let action: Action
    /// Where.
    public let port: PortPath
    /// What must be plugged in there: if it is anything else by now, nothing is done.
    public let identity: USBIdentity

    /// What the helper can do.
    public enum Action: String, Hashable, Sendable, Codable, CaseIterable {
        /// A reset of the device.
        case reset
        /// The port's power off and on.
        case powerCycle = "power-cycle"
    }

    /// A request for `action` on `device`.
    public init(_ action: Action, _ device: AttachedDevice) {
        self.action = action
        port = device.port
        identity = device.identity
    }

    /// The longest request, in bytes: about twice what one needs.
    public static let longest = 256

    private static let keys = ["action", "port", "vendor", "product"]

    /// Reads a request, strictly: it comes from a program with fewer rights than whoever carries it out.
    ///
    /// - Returns: `nil` when it is not exactly a request.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.longest,
            let values = try? JSONDecoder().decode([String: String].self, from: Data(bytes)),
            Set(values.keys) == Set(Self.keys),
            let action = values["action"].flatMap(Action.init(rawValue:)),
            let port = values["port"].flatMap({ PortPath($0) }), !port.ports.isEmpty,
            let vendor = values["vendor"].flatMap(Self.number), let product = values["product"].flatMap(Self.number)
        else { return nil }
        self.action = action
        self.port = port
        identity = USBIdentity(vendor: vendor, product: product)
    }

    /// The request as a line.
    public var bytes: [UInt8] {
        let numbers = "\(identity)".lowercased().split(separator: ":")
        let values = [
            "action": action.rawValue, "port": "\(port)", "vendor": String(numbers[0]), "product": String(numbers[1]),
        ]
        return Self.line(values)
    }

    /// Four hexadecimal digits in lower case, as the kernel writes them.
    private static func number(_ text: String) -> UInt16? {
        guard text.utf8.count == 4,
            text.utf8.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        return UInt16(text, radix: 16)
    }

    static func line(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and names of cases cannot fail to be encoded.
        guard let data = try? encoder.encode(value) else { return [] }
        return Array(data) + [UInt8(ascii: "\n")]
    }
}

/// What became of a ``ResetRequest``: the file `.PORT.done` beside where it was.
public struct ResetOutcome: Hashable, Sendable, Codable {
    /// Whether it was done.
    public let result: Result
    /// Why not.
    public let reason: Reason?
    /// What exactly went wrong, for a technician.
    public let detail: String?

    /// Whether a request was carried out.
    public enum Result: String, Hashable, Sendable, Codable {
        /// It was, and the device is there.
        case done
        /// It was not begun.
        case refused
        /// It was begun, and failed.
        case failed
    }

    /// Why a request was not carried out.
    public enum Reason: String, Hashable, Sendable, Codable, CaseIterable {
        /// The file is not a request.
        case malformed
        /// Whoever asked has stopped waiting long ago.
        case stale
        /// Nothing is plugged in there.
        case noDevice = "no-device"
        /// Something else is plugged in there.
        case otherDevice = "other-device"
        /// It is no card reader, or one with a hub, a disk or a network in it.
        case notAReader = "not-a-reader"
        /// It was done too often of late.
        case tooOften = "too-often"
        /// The hub cannot switch the power of this port alone.
        case noPortPower = "no-port-power"
        /// The device did not come back.
        case notBack = "not-back"
        /// A call failed.
        case callFailed = "call-failed"
    }

    /// It was done.
    public static let done = ResetOutcome(result: .done, reason: nil, detail: nil)

    static func refused(_ reason: Reason, _ detail: String? = nil) -> ResetOutcome {
        ResetOutcome(result: .refused, reason: reason, detail: detail)
    }

    static func failed(_ reason: Reason, _ detail: String) -> ResetOutcome {
        ResetOutcome(result: .failed, reason: reason, detail: detail)
    }

    /// Reads an outcome; `nil` when `bytes` are none.
    public init?(_ bytes: [UInt8]) {
        guard let outcome = try? JSONDecoder().decode(ResetOutcome.self, from: Data(bytes)) else { return nil }
        self = outcome
    }

    private init(result: Result, reason: Reason?, detail: String?) {
        self.result = result
        self.reason = reason
        self.detail = detail
    }

    /// The outcome as a line, with its next step for who reads the file.
    var bytes: [UInt8] {
        struct Line: Encodable {
            let result: Result
            let reason: Reason?
            let detail: String?
            let nextStep: String?
        }
        return ResetRequest.line(Line(result: result, reason: reason, detail: detail, nextStep: reason?.english))
    }
}

extension ResetOutcome.Reason {
    /// The one thing to do next, in English.
    public var english: String { words.english }
    /// The one thing to do next, in Chinese.
    public var chinese: String { words.chinese }

    private var words: (english: String, chinese: String) {
        switch self {
        case .malformed: ("report it: daemon and helper do not fit together", "请报修：守护进程与复位程序版本不符")
        case .stale: ("ask again", "请重试")
        case .noDevice: ("plug the reader in", "请插上读卡器")
        case .otherDevice: ("look which reader is plugged in there, and ask again", "请确认该端口上的读卡器后重试")
        case .notAReader: ("unplug that device by hand, if it must be", "如有必要，请手动插拔该设备")
        case .tooOften: ("unplug the reader and plug it in again", "请拔下读卡器后重新插上")
        case .noPortPower: ("unplug the reader and plug it in again", "请拔下读卡器后重新插上")
        case .notBack: ("unplug the reader and plug it in again", "请拔下读卡器后重新插上")
        case .callFailed: ("unplug the reader and plug it in again", "请拔下读卡器后重新插上")
        }
    }
}
