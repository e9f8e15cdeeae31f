import FoundationEssentials

/// One screen that watches. It is always sent the newest state and never one that it missed: what waits is a number.
final class ScreenStream {
    /// What `fill` says when the stream goes on later, ends, or is broken off.
    enum Portion {
        case bytes(Int)
        case nothing
        case end
    }

    /// Its connection, as libmicrohttpd knows it.
    let connection: HTTPConnection
    /// Whether libmicrohttpd leaves it alone until it is resumed.
    var isSuspended = false
    /// Whether it is to hear that we are still there.
    var isBeatDue = false
    /// Whether nobody listens any more.
    var isGone = false

    private var pending: [UInt8]
    private var sent = 0
    private var version: UInt64 = 0

    init(connection: HTTPConnection) {
        self.connection = connection
        pending = Array("retry: 500\nevent: page\ndata: \(ScreenFile.edition)\n\n".utf8)
    }

    /// Whether there is something to send to it.
    func isBehind(_ newest: UInt64) -> Bool { isGone || isBeatDue || version != newest || sent < pending.count }

    /// Lays what is to be sent next into `buffer`.
    func fill(_ buffer: UnsafeMutableRawBufferPointer, from events: ScreenEvents) -> Portion {
        if isGone { return .end }
        if sent == pending.count { (pending, sent) = (next(from: events) ?? [], 0) }
        let count = min(buffer.count, pending.count - sent)
        guard count > 0 else { return .nothing }
        unsafe buffer.copyBytes(from: pending[sent..<sent + count])
        sent += count
        return .bytes(count)
    }

    private func next(from events: ScreenEvents) -> [UInt8]? {
        let (event, newest) = events.newest()
        defer { isBeatDue = false }
        if newest != version {
            version = newest
            return event
        }
        return isBeatDue ? ScreenEvents.beat : nil
    }
}

/// States as events, each encoded once however many screens watch.
final class ScreenEvents {
    /// Browsers do not tell their pages of a comment, so what is to be noticed when it stops has to be an event.
    static let beat = Array("event: beat\ndata: {}\n\n".utf8)

    private let shelf: ScreenShelf
    private var encoded: (bytes: [UInt8], version: UInt64) = ([], 0)

    init(shelf: ScreenShelf) { self.shelf = shelf }

    /// The newest state as an event, and its number.
    func newest() -> ([UInt8], UInt64) {
        let (state, version) = shelf.newest
        if let state, version != encoded.version { encoded = (Self.event(state, version), version) }
        return encoded
    }

    private static func event(_ state: ScreenState, _ version: UInt64) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and integers always encode; and a screen that did not change would be better than a terminal that stops.
        let json = (try? encoder.encode(Shown(state: state))).map { Array($0) } ?? []
        return Array("id: \(version)\ndata: ".utf8) + json + Array("\n\n".utf8)
    }

    /// A state, and what follows from it.
    private struct Shown: Encodable {
        let state: ScreenState

        private enum Keys: String, CodingKey { case keys }

        func encode(to encoder: any Encoder) throws {
            try state.encode(to: encoder)
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(state.keys, forKey: .keys)
        }
    }
}
