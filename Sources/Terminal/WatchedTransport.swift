import Platform
import SmartCard

/// What went over the wire between terminal and card, without anything that must not be known: keys, PINs and what
/// stands on a card travel in the bodies of commands and answers, so of those only the length is kept.
struct ApduExchange: Sendable, Hashable {
    /// CLA, INS, P1 and P2.
    let header: [UInt8]
    /// Bytes after the header.
    let sent: Int
    /// Bytes of the answer before its status word.
    let received: Int
    /// SW1 and SW2; `nil`: no answer came.
    let status: UInt16?
    /// Why no answer came.
    let error: PCSCError?
    /// From the call to its return.
    let microseconds: Int64

    /// What the instruction is called where PC/SC part 3 (2.01.09, 3.2.2) or ISO 7816-4 names it; a reader's own
    /// commands have numbers only.
    var name: String {
        guard header.count == 4 else { return "command" }
        return switch (header[0], header[1]) {
        case (0xFF, 0xCA): "get-data"
        case (0xFF, 0x82): "load-key"
        case (0xFF, 0x86), (0xFF, 0x88): "authenticate"
        case (0xFF, 0xB0): "read"
        case (0xFF, 0xD6): "write"
        case (0xFF, 0x00): "reader"
        case (_, 0xA4): "select"
        default: "command"
        }
    }

    /// For people: `FF B0 00 04 +1 → 9000 +16`.
    var text: String {
        let command = header.map { Self.hex(UInt16($0), 2) }.joined(separator: " ")
        let answer = status.map { Self.hex($0, 4) } ?? error?.meaning ?? "no answer"
        return command + (sent > 0 ? " +\(sent)" : "") + " → " + answer + (received > 0 ? " +\(received)" : "")
    }

    private static func hex(_ value: UInt16, _ digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// A card, with somebody who looks on and holds a watch.
final class WatchedTransport: CardTransport {
    private let card: any CardTransport
    private let time: any TimeSource
    private let note: (ApduExchange) -> Void

    /// `card`, whose exchanges `note` is told of on the caller's thread.
    init(_ card: any CardTransport, time: any TimeSource, note: @escaping (ApduExchange) -> Void) {
        self.card = card
        self.time = time
        self.note = note
    }

    var atr: [UInt8] { card.atr }

    func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        let began = time.now()
        func tell(_ answer: [UInt8]?, _ error: PCSCError?) {
            let status = answer.flatMap {
                $0.count >= 2 ? UInt16($0[$0.count - 2]) << 8 | UInt16($0[$0.count - 1]) : nil
            }
            note(
                ApduExchange(
                    header: Array(command.prefix(4)), sent: max(0, command.count - 4),
                    received: max(0, (answer?.count ?? 0) - 2), status: status, error: error,
                    microseconds: (time.now().nanoseconds - began.nanoseconds) / 1000))
        }
        do throws(PCSCError) {
            let answer = try card.transmit(command)
            tell(answer, nil)
            return answer
        } catch {
            tell(nil, error)
            throw error
        }
    }

    func reselect() throws(PCSCError) { try card.reselect() }

    func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        try card.control(code: code, command)
    }
}
