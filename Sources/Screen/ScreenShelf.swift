import CMicroHTTP
import Glibc
import Synchronization

/// Where the terminal lays down what is to be shown and the screen's thread takes it from: one state, the newest.
final class ScreenShelf: Sendable {
    private struct Content {
        var state: ScreenState?
        var version: UInt64 = 0
        var isClosed = false
    }

    private let content = Mutex(Content())
    /// What the screen's thread waits on, along with its connections.
    let doorbell: Int32

    init() throws(ScreenError) {
        doorbell = yika_doorbell()
        guard doorbell >= 0 else { throw ScreenError(call: "eventfd", code: errno) }
    }

    deinit { close(doorbell) }

    /// Takes the place of what lies there. Encoding and sending are for the other side: whoever calls this has a card to
    /// serve.
    func put(_ state: ScreenState) {
        let isNew = content.withLock { content in
            guard content.state != state else { return false }
            content.state = state
            content.version += 1
            return true
        }
        if isNew { yika_ring(doorbell) }
    }

    /// The newest state and its number, counted from 1.
    var newest: (state: ScreenState?, version: UInt64) { content.withLock { ($0.state, $0.version) } }

    /// Ends the screen's thread.
    func shut() {
        content.withLock { $0.isClosed = true }
        yika_ring(doorbell)
    }

    /// Whether ``shut()`` was called.
    var isShut: Bool { content.withLock { $0.isClosed } }
}
