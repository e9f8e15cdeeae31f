import FoundationEssentials

/// The lines that module and terminal exchange; `PROTOCOL.md` describes them.
enum FaceLine {
    /// The longest line, in bytes without its end.
    static let longest = 512

    private struct Offer: Decodable {
        let account: UInt64
        let score: UInt16
        let liveness: UInt16
        let time: Int64
    }

    /// Reads a match; `nil` for anything else. Names that are not known are passed over.
    static func match(_ line: [UInt8]) -> FaceMatch? {
        guard String(validating: line, as: UTF8.self) != nil,
            let offer = try? JSONDecoder().decode(Offer.self, from: Data(line)),
            offer.account > 0, offer.score <= 1000, offer.liveness <= 1000, offer.time >= 0
        else { return nil }
        return FaceMatch(
            account: offer.account, score: offer.score, liveness: offer.liveness, milliseconds: offer.time)
    }

    /// What the terminal says.
    enum Reply: Hashable {
        case hello
        case waiting(FaceOrder)
        case idle(order: UInt64)
        case taken(order: UInt64)
        case refused(order: UInt64?, reason: String)
        case error(FaceMistake)

        /// The line, with its end.
        var bytes: [UInt8] {
            var fields = Fields(event: "")
            switch self {
            case .hello: fields = Fields(event: "hello", protocol: 1)
            case .waiting(let order):
                fields = Fields(event: "waiting", order: order.number, since: order.shownMilliseconds)
            case .idle(let order): fields = Fields(event: "idle", order: order)
            case .taken(let order): fields = Fields(event: "taken", order: order)
            case .refused(let order, let reason): fields = Fields(event: "refused", order: order, reason: reason)
            case .error(let mistake): fields = Fields(event: "error", code: mistake.rawValue)
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            // Numbers and texts: there is nothing in it that could not be encoded.
            return ((try? encoder.encode(fields)).map { Array($0) } ?? []) + [UInt8(ascii: "\n")]
        }

        private struct Fields: Encodable {
            var event: String
            var `protocol`: Int?
            var order: UInt64?
            var since: Int64?
            var reason: String?
            var code: String?
        }
    }
}

/// What a module did wrong.
public enum FaceMistake: String, Hashable, Sendable, CaseIterable {
    /// A line that is no match.
    case malformed
    /// A line of more than 512 bytes; it is dropped up to its end.
    case tooLong = "too-long"
    /// More than 20 lines in a second, which are passed over; or more than 64 KiB, for which it is cut off.
    case tooMany = "too-many"
    /// Another module is connected.
    case busy
    /// Neither its user nor its group may connect.
    case notAllowed = "not-allowed"
    /// It does not read what it is told.
    case deaf
}
