public import DeviceProfiles
import FoundationEssentials
import Platform
import Synchronization

/// The hand that lays a card on a virtual reader and takes it away, told what to do line by line.
///
/// Orders and events are JSON objects, one a line, so that a demonstration, a test or a technician's script can drive
/// it.
public final class VirtualHand: Sendable {
    private let reader: SimulatedReader
    private let card: VpcdCard
    private let writesBack: Bool
    private let emit: @Sendable (Event) -> Void
    private let state: Mutex<State>

    private struct State {
        var path: String
        var image: CardImage
        var object: SimulatedCard
    }

    /// How long ``order(_:)`` waits for pcscd to listen, in milliseconds.
    private static let patienceMilliseconds: Int64 = 5000

    /// What happened, as it is printed.
    ///
    /// Which values there are depends on ``event``.
    public struct Event: Hashable, Sendable, Encodable {
        /// `ready`, `laid`, `apdu`, `pulled`, `lifted`, `reader-gone`, `saved`, `loaded` or `error`.
        public var event: String
        /// The number of a command since the card was laid down.
        public var n: Int?
        /// What a command asked, in words, without key bytes.
        public var what: String?
        /// The status word in hexadecimal; absent when no answer went out.
        public var sw: String?
        /// How long a command took, in milliseconds.
        public var ms: Double?
        /// The command at which the card was pulled away.
        public var at: Int?
        /// The file that was read or written.
        public var path: String?
        /// What is wrong with an order.
        public var message: String?

        init(_ event: String, path: String? = nil) {
            self.event = event
            self.path = path
        }

        /// The event as one line of JSON.
        public var line: String {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(self) else { return "{\"event\":\"\(event)\"}" }
            return String(decoding: data, as: UTF8.self)
        }
    }

    /// What was expected of an order.
    private struct OrderFault: Error {
        let expected: String
    }

    private struct Order: Decodable {
        var `do`: String
        var pullAt: Int?
        var how: String?
        var torn: String?
        var block: Int?
        var seed: UInt64?
        var misbehaviour: [String]?
        var path: String?
        var image: String?

        /// What is to happen to the card once it lies there.
        func fault() throws(OrderFault) -> CardFault? {
            guard let apdu = pullAt else { return nil }
            switch how ?? "before" {
            case "before": return CardFault(at: apdu, .beforeCommand)
            case "after": return CardFault(at: apdu, .afterCommand)
            case "answer": return CardFault(at: apdu, .afterAnswer)
            case "tear": return CardFault(at: apdu, .tear(try tornWrite(), block: block ?? 0))
            default: throw OrderFault(expected: "'how' to be before, after, answer or tear")
            }
        }

        private func tornWrite() throws(OrderFault) -> TornWrite {
            switch torn ?? "mixed" {
            case "old": return .old
            case "new": return .new
            case "erased": return .erased
            case "mixed": return .mixed(seed: seed ?? 1)
            case "weak": return .weak(seed: seed ?? 1)
            default: throw OrderFault(expected: "'torn' to be old, new, erased, mixed or weak")
            }
        }

        /// What the reader is to do besides what its profile says.
        func misbehaviours() throws(OrderFault) -> ReaderMisbehaviours {
            let names = misbehaviour ?? []
            let kinds = names.compactMap(ReaderMisbehaviour.init(rawValue:))
            guard kinds.count == names.count else {
                let known = ReaderMisbehaviour.allCases.map(\.rawValue).joined(separator: ", ")
                throw OrderFault(expected: "'misbehaviour' to list some of \(known)")
            }
            return .drawn(Set(kinds), seed: seed ?? 1)
        }
    }

    /// A hand with the card in the image file `path`.
    ///
    /// - Parameters:
    ///   - writesBack: whether the image file gets the card's content each time the card is taken away.
    ///   - emit: called for every event, from several threads.
    public init(
        image path: String, profile: ReaderProfile, port: UInt16, latencyMilliseconds: Int? = nil, writesBack: Bool,
        emit: @escaping @Sendable (Event) -> Void
    ) throws(ImageError) {
        let image = try CardImage.read(path: path)
        state = Mutex(State(path: path, image: image, object: SimulatedCard(image.chip)))
        self.writesBack = writesBack
        self.emit = emit
        reader = SimulatedReader(
            profile: profile, time: SystemTime(), latencyMilliseconds: latencyMilliseconds,
            onExchange: { emit(Event($0)) })
        card = VpcdCard(port: port, reader: reader)
        emit(Event("ready", path: path))
    }

    // MARK: Orders

    /// Carries out one line of orders; false when it was the order to quit.
    public func order(_ line: String) -> Bool {
        let order: Order
        do {
            order = try JSONDecoder().decode(Order.self, from: Data(line.utf8))
        } catch {
            report(#"an order as in {"do":"lay"}, one a line"#)
            return true
        }
        switch order.do {
        case "lay": lay(order)
        case "lift": card.lift()
        case "save": save(order)
        case "load": load(order)
        case "quit": return false
        default: report("'do' to be lay, lift, save, load or quit, not '\(order.do)'")
        }
        return true
    }

    /// Lays the card down without any fault.
    public func lay() { _ = order(#"{"do":"lay"}"#) }

    /// Takes the card away and waits until its content is written back.
    public func leave() {
        card.lift()
        card.waitUntilGone(until: SystemTime().now().advanced(milliseconds: 5000))
    }

    private func lay(_ order: Order) {
        let object = state.withLock { $0.object }
        do {
            let fault = try order.fault()
            reader.misbehave(try order.misbehaviours())
            try card.lay(object, fault: fault, timeoutMilliseconds: Self.patienceMilliseconds) { [weak self] in
                self?.changed($0)
            }
        } catch let error as OrderFault {
            report(error.expected)
        } catch {
            report("pcscd's virtual reader to listen (\(error))")
        }
    }

    private func save(_ order: Order) {
        let path = order.path ?? state.withLock { $0.path }
        write(to: path)
    }

    private func load(_ order: Order) {
        guard let path = order.image else { return report("'image' to name a file") }
        guard !card.isLaid else { return report("the card to be lifted before another one is loaded") }
        do throws(ImageError) {
            let image = try CardImage.read(path: path)
            state.withLock { $0 = State(path: path, image: image, object: SimulatedCard(image.chip)) }
            emit(Event("loaded", path: path))
        } catch {
            report("\(error)")
        }
    }

    // MARK: Events

    private func changed(_ change: VpcdCard.Change) {
        var event: Event
        switch change {
        case .laid: event = Event("laid")
        case .lifted: event = Event("lifted")
        case .readerGone: event = Event("reader-gone")
        case .pulled(let apdu):
            event = Event("pulled")
            event.at = apdu
        }
        if change != .laid, writesBack { write(to: state.withLock { $0.path }) }
        emit(event)
    }

    private func write(to path: String) {
        let image = state.withLock { $0.image.updated(from: $0.object.chip) }
        do throws(ImageError) {
            try image.write(path: path)
            emit(Event("saved", path: path))
        } catch {
            report("\(error)")
        }
    }

    private func report(_ message: String) {
        var event = Event("error")
        event.message = "expected \(message)"
        emit(event)
    }
}

extension VirtualHand.Event {
    init(_ exchange: SimulatedReader.Exchange) {
        self.init("apdu")
        n = exchange.number
        what = exchange.what
        sw = exchange.status.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)].hex().uppercased() }
        ms = (exchange.milliseconds * 10).rounded() / 10
    }
}
