import CLinux
import Glibc
public import Platform
import SmartCard
import Synchronization

/// Plays a card for vpcd, the virtual reader behind a real pcscd: the daemon there cannot tell it from another card.
///
/// Laying the card down is connecting to vpcd, lifting it is closing the connection. Frames both ways are a length of
/// two bytes, high byte first, and that many bytes; a single byte from vpcd is about the card's power.
public final class VpcdCard: Sendable {
    private let host: String
    private let port: UInt16
    private let reader: SimulatedReader
    private let state = Mutex(State())

    private struct State {
        var connection: Int32?
        var thread: DedicatedThread?
    }

    /// What became of a card that was to lie on the reader.
    public enum Change: Hashable, Sendable {
        /// It lies there; vpcd takes notice at its next poll.
        case laid
        /// ``VpcdCard/lift()`` took it away.
        case lifted
        /// A fault pulled it away at this command.
        case pulled(at: Int)
        /// vpcd closed the connection: pcscd stopped.
        case readerGone
    }

    /// Why the card could not be laid down.
    public struct Unreachable: Error, Hashable, Sendable, CustomStringConvertible {
        /// The C function that failed and why.
        public let description: String
    }

    /// The card side of the vpcd at `host`:`port`, playing `reader`.
    ///
    /// - Parameter host: an IPv4 address in numbers.
    public init(host: String = "127.0.0.1", port: UInt16, reader: SimulatedReader) {
        self.host = host
        self.port = port
        self.reader = reader
    }

    /// Lays `card` down: connects, and answers from a thread of its own until the card is taken away.
    ///
    /// - Parameters:
    ///   - timeoutMilliseconds: how long to go on trying while nobody listens, as when pcscd is just starting.
    ///   - onChange: called on that thread with ``Change/laid`` and at last with one of the others.
    public func lay(
        _ card: SimulatedCard, fault: CardFault? = nil, timeoutMilliseconds: Int64 = 0,
        onChange: @escaping @Sendable (Change) -> Void
    ) throws(Unreachable) {
        lift()
        let time = SystemTime()
        // A command still under way belongs to the card before: it must not reach this one.
        if let thread = state.withLock({ $0.thread }) {
            _ = thread.join(until: time.now().advanced(milliseconds: 5000))
        }
        let deadline = time.now().advanced(milliseconds: timeoutMilliseconds)
        var connection = try? connected()
        while connection == nil, time.now() < deadline {
            time.sleep(milliseconds: 20)
            connection = try? connected()
        }
        let opened = if let connection { connection } else { try connected() }
        reader.layDown(card, fault: fault)
        state.withLock { state in
            state.connection = opened
            state.thread = DedicatedThread(name: "vpcd-card") {
                onChange(.laid)
                onChange(self.serve(opened))
            }
        }
    }

    /// Lifts the card: pcscd notices at its next poll.
    public func lift() {
        reader.lift()
        state.withLock { state in
            // The serving thread closes the descriptor; here it is only woken, so that its number cannot be reused.
            if let connection = state.connection { _ = shutdown(connection, Int32(SHUT_RDWR)) }
            state.connection = nil
        }
    }

    /// Waits until the card has been taken away and everything about it reported, at most until `deadline`.
    public func waitUntilGone(until deadline: Instant) {
        _ = state.withLock { $0.thread }?.join(until: deadline)
    }

    /// Whether the card lies on the reader.
    public var isLaid: Bool { state.withLock { $0.connection != nil } }

    // MARK: Serving

    private func serve(_ connection: Int32) -> Change {
        var end = Change.readerGone
        while let frame = receive(connection) {
            if frame.count == 1 {
                guard control(frame[0], connection) else { break }
                continue
            }
            do throws(PCSCError) {
                let answer = try reader.transmit(frame)
                guard send(answer, connection) else { break }
            } catch {
                end = .pulled(at: reader.apduCount)
                break
            }
            // A fault may take the card away right after its answer.
            if reader.card == nil {
                end = .pulled(at: reader.apduCount)
                break
            }
        }
        let wasLifted = state.withLock { state in
            guard state.connection == connection else { return true }
            state.connection = nil
            return false
        }
        close(connection)
        return wasLifted ? .lifted : end
    }

    /// vpcd's control bytes: 0 power off, 1 power on, 2 reset, 4 asks for the ATR, the only one that is answered.
    private func control(_ byte: UInt8, _ connection: Int32) -> Bool {
        switch byte {
        case 0:
            reader.losePower()
            return true
        case 1, 2:
            reader.powerUp()
            return true
        case 4: return send(reader.atr, connection)
        default: return true
        }
    }

    // MARK: Sockets

    private func connected() throws(Unreachable) -> Int32 {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard connection >= 0 else { throw Self.failure("socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else {
            close(connection)
            throw Unreachable(description: "'\(host)' is not an IPv4 address")
        }
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe connect(connection, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let failure = Self.failure("connect to \(host):\(port)")
            close(connection)
            throw failure
        }
        Self.set(Int32(TCP_NODELAY), on: connection)
        return connection
    }

    private static func failure(_ call: String) -> Unreachable {
        Unreachable(description: "\(call): \(unsafe String(cString: strerror(errno)))")
    }

    private static func set(_ option: Int32, on connection: Int32) {
        var yes: Int32 = 1
        _ = unsafe setsockopt(connection, Int32(IPPROTO_TCP), option, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The next frame; `nil` when the connection ended.
    private func receive(_ connection: Int32) -> [UInt8]? {
        guard let head = receive(connection, count: 2) else { return nil }
        return receive(connection, count: Int(head[0]) << 8 | Int(head[1]))
    }

    private func receive(_ connection: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            // Linux drops the option after a while; without it each command waits 40 ms for a delayed acknowledgement.
            Self.set(Int32(TCP_QUICKACK), on: connection)
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe recv(connection, buffer.baseAddress.map { unsafe $0 + done }, count - done, 0)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }

    private func send(_ payload: [UInt8], _ connection: Int32) -> Bool {
        let frame = [UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF)] + payload
        var done = 0
        while done < frame.count {
            let sent = unsafe frame.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    connection, buffer.baseAddress.map { unsafe $0 + done }, frame.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { return false }
            done += sent
        }
        return true
    }
}
