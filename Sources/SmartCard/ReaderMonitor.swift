import CPCSC
import Glibc
public import Platform
import Synchronization

/// Watches all readers on a thread of its own and reports what happens, through pcscd's absence and return.
public final class ReaderMonitor: Sendable {
    private let time: any TimeSource
    private let report: @Sendable (ReaderEvent) -> Void
    private let tick: @Sendable () -> Void
    private let stopping = Signal()
    private let ended = Signal()
    private let waiting = Mutex<SCARDCONTEXT?>(nil)

    /// How long one wait for events lasts before the loop shows that it lives.
    private let waitMilliseconds: Int64
    /// The pause before trying pcscd again.
    private static let retryMilliseconds: Int64 = 500

    /// Starts watching.
    ///
    /// - Parameters:
    ///   - waitMilliseconds: how long the loop waits for events at most before it goes round.
    ///   - tick: called each time round the loop: the watchdog's proof that the loop lives.
    ///   - report: called on the monitor's thread for each event, in order; must not block.
    public init(
        time: any TimeSource, waitMilliseconds: Int64 = 5000, tick: @escaping @Sendable () -> Void = {},
        report: @escaping @Sendable (ReaderEvent) -> Void
    ) {
        self.time = time
        self.waitMilliseconds = waitMilliseconds
        self.report = report
        self.tick = tick
    }

    /// Runs the loop on a new thread, which ends after ``stop()``.
    public func start() -> DedicatedThread {
        DedicatedThread(name: "readers") {
            self.run()
            self.ended.raise()
        }
    }

    /// Ends the loop, also when it waits for events. Returns when it has ended, or after a second.
    public func stop() {
        stopping.raise()
        // A cancellation that comes just before the wait is lost, so it is repeated for as long as there is somebody.
        for _ in 0..<100 {
            let isThere = waiting.withLock { context in
                if let context { cancelWaiting(on: context) }
                return context != nil
            }
            if !isThere || ended.wait(until: time.now().advanced(milliseconds: 10)) { return }
        }
    }

    private func run() {
        var tracker = ReaderTracker()
        var lastError: PCSCError?
        while !stopping.isRaised {
            tick()
            do throws(PCSCError) {
                let context = try PCSCContext()
                lastError = nil
                report(.serviceAvailable)
                waiting.withLock { $0 = context.handle }
                // Whoever stops us sees the context, or we see that he did.
                if stopping.isRaised { return waiting.withLock { $0 = nil } }
                defer { waiting.withLock { $0 = nil } }
                try watch(context, &tracker)
            } catch {
                tracker.serviceLost().forEach(report)
                // Said once per cause: it is tried twice a second for as long as it takes.
                if error != lastError { report(.serviceUnavailable(error)) }
                lastError = error
                _ = stopping.wait(until: time.now().advanced(milliseconds: Self.retryMilliseconds))
            }
        }
    }

    /// Waits for changes until ``stop()`` or until pcscd fails.
    private func watch(_ context: borrowing PCSCContext, _ tracker: inout ReaderTracker) throws(PCSCError) {
        var plugAndPlay: DWORD = 0
        var known: [String: DWORD] = [:]
        var isFirstLook = true
        while !stopping.isRaised {
            tick()
            let names = try context.readers()
            if isFirstLook && names.isEmpty { report(.noReaders) }
            isFirstLook = false
            tracker.readersAre(names).forEach(report)
            known = known.filter { names.contains($0.key) }
            try wait(context, [Self.newReaders] + names, plugAndPlay: &plugAndPlay, known: &known) { name, state in
                tracker.reader(name, is: state).forEach(report)
            }
        }
    }

    /// The reader name under which pcscd tells that readers came or went (pcsc-lite's `SCardGetStatusChange` page).
    private static let newReaders = #"\\?PnP?\Notification"#

    private func wait(
        _ context: borrowing PCSCContext, _ names: [String], plugAndPlay: inout DWORD,
        known: inout [String: DWORD], changed: (String, ReaderTracker.State) -> Void
    ) throws(PCSCError) {
        let buffers = unsafe names.map { unsafe strdup($0) }
        defer { unsafe buffers.forEach { unsafe free($0) } }
        var states = unsafe [SCARD_READERSTATE]()
        for (index, name) in names.enumerated() {
            var state = unsafe SCARD_READERSTATE()
            unsafe state.szReader = UnsafePointer(buffers[index])
            unsafe state.dwCurrentState = index == 0 ? plugAndPlay : known[name] ?? DWORD(SCARD_STATE_UNAWARE)
            unsafe states.append(state)
        }
        let status = unsafe SCardGetStatusChange(
            context.handle, DWORD(waitMilliseconds), &states, DWORD(states.count))
        switch PCSCError.Code(status: status) {
        case .timeout, .cancelled: return
        // A reader left between the list and the wait: the next list knows.
        case .unknownReader, .readerUnavailable: return
        default: try check("SCardGetStatusChange", status)
        }
        for (index, name) in names.enumerated() {
            let event = unsafe states[index].dwEventState
            guard event & DWORD(SCARD_STATE_CHANGED) != 0 else { continue }
            if index == 0 {
                plugAndPlay = event & ~DWORD(SCARD_STATE_CHANGED)
                continue
            }
            known[name] = event & ~DWORD(SCARD_STATE_CHANGED)
            changed(name, unsafe ReaderTracker.State(states[index]))
        }
    }
}

extension ReaderTracker.State {
    /// The state as pcscd reports it: flags below, a count of insertions and removals in the upper 16 bits.
    init(_ state: SCARD_READERSTATE) {
        let event = unsafe state.dwEventState
        let length = unsafe min(Int(state.cbAtr), Int(MAX_ATR_SIZE))
        self.init(
            present: event & DWORD(SCARD_STATE_PRESENT) != 0,
            mute: event & DWORD(SCARD_STATE_MUTE) != 0,
            eventCount: UInt16(truncatingIfNeeded: event >> 16),
            atr: unsafe withUnsafeBytes(of: state.rgbAtr) { unsafe Array($0.prefix(length)) })
    }
}
