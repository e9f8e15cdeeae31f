import Canteen
import Health
import LedgerProtocol
import Platform
import Screen
import Synchronization

/// Tells the screen's page what there is to show, whenever something has changed and once a second besides.
final class ScreenDesk: Sendable {
    /// What the page shows beside the till or the handshake.
    struct Facts: Sendable {
        let isOnline: Bool?
        let queued: Int
        let conditions: [HealthRegistry.Raised]
        let rules: SalesRules
        let wall: Int64
        /// The shift that was closed last.
        let closedShift: ShiftRecord?
        /// What a holder can pay with here.
        let means: [ScreenState.Means]
    }

    private struct Moment {
        var counter: Counter?
        var kiosk = KioskFace()
    }

    private let configuration: Configuration
    private let server: ScreenServer
    private let time: any TimeSource
    private let moment = Mutex(Moment())
    private let facts: @Sendable () -> Facts
    private let stopping = Signal()
    private let thread = Mutex<DedicatedThread?>(nil)
    /// How often what changes by itself is looked at, in milliseconds: the queue, the network, a result's end.
    private static let lookMilliseconds: Int64 = 1_000

    /// A screen on the port of the configuration; `nil` where it has none.
    ///
    /// - Parameter keys: called with each key that somebody presses on the page; must not block.
    init?(
        _ configuration: Configuration, time: any TimeSource, keys: @escaping @Sendable (CounterKey) -> Void,
        metrics: @escaping @Sendable () -> String, facts: @escaping @Sendable () -> Facts
    ) throws(ScreenError) {
        guard let port = configuration.screenPort else { return nil }
        self.configuration = configuration
        self.time = time
        self.facts = facts
        server = try ScreenServer(port: port, metrics: metrics) { key in keys(CounterKey(key)) }
    }

    /// Starts looking at what changes by itself.
    func start() {
        let started = DedicatedThread(name: "yika-screen") {
            while !self.stopping.wait(until: self.time.now().advanced(milliseconds: Self.lookMilliseconds)) {
                self.refresh()
            }
        }
        thread.withLock { $0 = started }
        refresh()
    }

    /// Ends the screen; whoever looks at the page sees that the terminal is gone.
    func stop(deadline: Instant) -> Bool {
        stopping.raise()
        server.stop()
        return thread.withLock { $0 }?.join(until: deadline) ?? true
    }

    /// The till stands here now.
    func show(_ counter: Counter) {
        moment.withLock { $0.counter = counter }
        refresh()
    }

    /// Something happened; the page of a kiosk goes by it.
    func note(_ event: TerminalEvent) {
        guard configuration.role == .activation else { return }
        if moment.withLock({ $0.kiosk.note(event) }) { refresh() }
    }

    /// Shows what there is.
    func refresh() {
        let facts = facts()
        let state = moment.withLock { moment in
            moment.kiosk.timePassed(time.now())
            var state = ScreenState(
                role: configuration.role == .canteen ? .canteen : .activation, terminal: configuration.number,
                name: configuration.name, phase: .idle)
            state.isOnline = facts.isOnline
            state.queued = facts.queued
            state.conditions = facts.conditions.map(ScreenState.Condition.init)
            if let counter = moment.counter { state.show(counter, facts) } else { state.show(moment.kiosk) }
            return state
        }
        server.publish(state)
    }
}

/// Where a kiosk stands, by what its events tell.
struct KioskFace: Sendable {
    fileprivate(set) var phase = ScreenState.Phase.idle
    fileprivate(set) var percent: Int?
    fileprivate(set) var notice: Notice?
    private var until: Instant?

    /// How long a result is shown, in milliseconds: as long as it takes to read, or to take the card.
    private static let resultMilliseconds: Int64 = 8_000
    /// How far each step is, in percent; what remains is the wait for the success sentence.
    private static let progress = [
        "identified": 10, "old-application-read": 20, "decided": 30, "intent-durable": 40, "data-written": 55,
        "trailer-written": 70, "proved": 85, "outcome-durable": 95,
    ]

    /// Takes note of an event; whether it changes what is shown.
    mutating func note(_ event: TerminalEvent) -> Bool {
        switch event.event {
        case "tap" where event.what == "card":
            self = KioskFace()
            (phase, percent) = (.working, 3)
        case "step":
            guard let what = event.what, let reached = Self.progress[what] else { return false }
            percent = max(percent ?? 0, reached)
        case "ended":
            guard let notice = Notice.outcomes.first(where: { $0.code == event.code }) else { return false }
            self = KioskFace()
            self.notice = notice
            phase = notice.phase
            until = Instant(nanoseconds: event.at * 1_000_000).advanced(milliseconds: Self.resultMilliseconds)
        default: return false
        }
        return true
    }

    /// A result gives way.
    mutating func timePassed(_ now: Instant) {
        if let until, until <= now { self = KioskFace() }
    }
}

extension Notice {
    /// How an ending of the handshake looks.
    fileprivate var phase: ScreenState.Phase {
        switch self {
        case .activated, .alreadyActive: .done
        case .tapAgain, .removedEarly: .again
        case .terminalOutOfService: .outOfService
        default: .refused
        }
    }
}

extension CounterKey {
    fileprivate init(_ key: ScreenKey) {
        switch key {
        case .point: self = .point
        case .plus: self = .plus
        case .back: self = .back
        case .clear: self = .clear
        case .enter: self = .enter
        case .dish: self = .dish
        case .void: self = .void
        case .refund: self = .refund
        case .shift: self = .shift
        case .training: self = .training
        case .zero, .one, .two, .three, .four, .five, .six, .seven, .eight, .nine:
            self = .digit(UInt8(key.rawValue) ?? 0)
        }
    }
}
