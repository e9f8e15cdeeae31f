import FoundationEssentials
import Glibc
import Platform

/// Somebody connected to the control socket: what it still says, and whether it keeps within what a client may do.
struct ControlClient {
    /// The longest question, in bytes.
    private static let lineMost = 512
    /// Questions that may be asked in a second; people and their scripts need one.
    private static let questionsMost = 20

    let descriptor: Int32
    /// Counted from 1; a descriptor's number is soon another's.
    let number: UInt64
    /// Whether it is told of every command to a card.
    var isMonitor = false
    /// Whether it may still ask: one that has closed its half of the connection watches on.
    private(set) var isListenedTo = true
    /// Whether it was cut off, or has gone.
    private(set) var isGone = false
    private var line: [UInt8] = []
    private var asked = 0
    private var askedSince = Instant(nanoseconds: 0)

    init(descriptor: Int32, number: UInt64) {
        self.descriptor = descriptor
        self.number = number
    }

    /// Sends `line` whole and without waiting; who has no room for it is cut off, as a part of it would garble the stream.
    mutating func say(_ line: [UInt8]) {
        guard !isGone else { return }
        if unsafe send(descriptor, line, line.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) != line.count { dismiss() }
    }

    /// Reads what came: the questions in it, `nil` for a line that is none.
    mutating func hear(at now: Instant) -> [ControlRequest?] {
        guard !isGone else { return [] }
        var buffer = [UInt8](repeating: 0, count: 512)
        // Nothing is asked for once it may not ask: then only its going is of interest.
        let count = unsafe recv(descriptor, &buffer, isListenedTo ? buffer.count : 1, Int32(MSG_DONTWAIT))
        guard count > 0 else {
            if count == 0, isListenedTo {
                isListenedTo = false
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                dismiss()
            }
            return []
        }
        return take(buffer[..<count], at: now)
    }

    /// Ends the conversation; the descriptor stays until whoever polls it closes it.
    mutating func dismiss() {
        guard !isGone else { return }
        isGone = true
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>, at now: Instant) -> [ControlRequest?] {
        if now.milliseconds(since: askedSince) >= 1000 { (asked, askedSince) = (0, now) }
        var questions: [ControlRequest?] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                asked += 1
                questions.append(try? JSONDecoder().decode(ControlRequest.self, from: Data(line)))
                line = []
            } else {
                line.append(byte)
            }
            guard line.count <= Self.lineMost, asked <= Self.questionsMost else {
                dismiss()
                return []
            }
        }
        return questions
    }
}
