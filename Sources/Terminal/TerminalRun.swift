import DeviceProfiles
import Glibc
import Health
import Journal
import LedgerProtocol
import Logging
import Platform
import SmartCard
import Sync
import Synchronization
import Voice

extension TerminalService {
    /// How long the card in hand, the sentence being spoken and the request under way may take after a signal, together.
    private static let stopMilliseconds: Int64 = 1800

    /// Serves cards until SIGTERM or SIGINT. Call from the main thread, after ``prepareSignals()``.
    ///
    /// - Returns: the exit status.
    public func run() -> Int32 {
        let manager = ServiceManager(environment: Self.environment)
        let socket = openControlSocket()
        events.attach(socket)
        let screen = openScreen()
        events.attach(screen)
        screen?.start()
        if let till {
            till.counter.start { self.watchdog.tick(.till) }
            attachments.start(configuration, till.counter, health)
        }
        uploader?.start { self.watchdog.tick(.sync) }
        feedReader.start { self.watchdog.tick(.feeds) }
        let monitor = ReaderMonitor(
            time: time, waitMilliseconds: manager.loopMilliseconds, tick: { self.watchdog.tick(.readers) }
        ) { self.handle($0) }
        let monitorThread = monitor.start()
        care.start()
        manager.ready()
        events.publish(
            TerminalEvent("ready", at: time.now(), what: "terminal \(configuration.number)", detail: configuration.name)
        )
        waitForSignal(manager)
        manager.stopping()
        return stop(monitor, monitorThread, socket, screen)
    }

    /// Takes the terminating signals away from all threads started later. Call before ``init(configuration:log:time:)``.
    public static func prepareSignals() { Signals.block() }

    private func openControlSocket() -> ControlSocket? {
        guard let path = configuration.controlSocket else { return nil }
        do throws(ControlSocketError) {
            let socket = try ControlSocket(path: path)
            socket.start {
                self.health.current.map { TerminalEvent(.raised($0), at: self.time.now()) }
            } answering: { question, client in
                self.answer(question, from: client).flatMap { ControlSocket.json($0) }
            } gone: { client in
                self.giveBack(from: client)
            }
            return socket
        } catch {
            // Without it nobody can watch, but cards are served.
            log.warning("no control socket at \(error.path): \(error.problem)")
            return nil
        }
    }

    private func waitForSignal(_ manager: ServiceManager) {
        var (seen, tidied): (UInt64, UInt64) = (0, 0)
        while true {
            let look = time.now().advanced(milliseconds: manager.loopMilliseconds)
            if let signal = Signals.wait(until: look, time: time) {
                log.notice("stopping", metadata: ["signal": "\(signal)"])
                return
            }
            if journal == nil { watchdog.tick(.journal) }
            if uploader == nil { watchdog.tick(.sync) }
            if till == nil { watchdog.tick(.till) }
            if announcer.hangs { health.raise(.soundHangs) } else { health.clear(.soundHangs) }
            if watchdog.takeProof() { manager.alive() }
            // Once a while has passed without a card, what the cards before took and left is given back.
            let count = taps.withLock { $0 }
            if count == seen, count != tidied {
                ProcessMemory.giveBack()
                tidied = count
            }
            seen = count
        }
    }

    /// Ends everything in the order in which nothing is lost: first no new cards, last the journal.
    private func stop(
        _ monitor: ReaderMonitor, _ monitorThread: DedicatedThread, _ socket: ControlSocket?, _ screen: ScreenDesk?
    ) -> Int32 {
        let deadline = time.now().advanced(milliseconds: Self.stopMilliseconds)
        // It takes up to a second to give up what it waits for, while the cards in hand are finished.
        feedReader.beginStop()
        monitor.stop()
        var clean = monitorThread.join(until: deadline)
        clean = stations.stop(deadline: deadline) && clean
        clean = care.stop(deadline: deadline) && clean
        clean = attachments.stop(deadline: deadline) && clean
        clean = till?.counter.stop(deadline: deadline) ?? true && clean
        clean = announcer.stop(deadline: deadline) && clean
        clean = uploader?.stop(deadline: deadline) ?? true && clean
        clean = feedReader.stop(deadline: deadline) && clean
        clean = journal?.close(deadline: deadline) ?? true && clean
        events.publish(TerminalEvent("stopped", at: time.now(), what: clean ? "clean" : "late"))
        events.attach(nil as ControlSocket?)
        events.attach(nil as ScreenDesk?)
        clean = screen?.stop(deadline: deadline) ?? true && clean
        socket?.stop()
        return 0
    }

    // MARK: Readers

    private func handle(_ event: ReaderEvent) {
        let now = time.now()
        switch event {
        case .serviceUnavailable(let error):
            health.raise(.pcscdUnreachable, error.description)
        case .serviceAvailable:
            health.clear(.pcscdUnreachable)
        case .noReaders:
            noteReaderCount()
        case .readerAttached(let name):
            attach(name, now)
        case .readerDetached(let name):
            events.publish(TerminalEvent("reader", at: now, reader: name, what: "detached"))
            stations.remove(name)?.stop()
            noteReaderCount()
        case .cardInserted(let reader, let atr):
            cardArrived(reader, atr, now)
        case .cardMute(let reader):
            let tap = nextTap()
            events.publish(TerminalEvent("tap", at: now, tap: tap, reader: reader, what: "mute"))
            announcer.say(.cardUnreadable, .preempt, tag: tap)
            events.publish(
                TerminalEvent(
                    "ended", at: now, tap: tap, reader: reader, what: Notice.cardUnreadable.id,
                    detail: "the card does not answer", code: Notice.cardUnreadable.code))
        case .cardRemoved(let reader):
            stations[reader]?.cardLeft()
            events.publish(TerminalEvent("removed", at: now, reader: reader))
        }
    }

    private func cardArrived(_ reader: String, _ atr: [UInt8], _ now: Instant) {
        guard let station = stations[reader] else { return }
        guard !station.isLent else {
            return events.publish(TerminalEvent("reader", at: now, reader: reader, what: "lent"))
        }
        let tap = nextTap()
        // The voice first: the holder must hear us before the first APDU is answered. A till is faster than any word.
        if configuration.role == .activation { announcer.say(.activating, .preempt, tag: tap) }
        station.cardArrived(tap: tap, at: now, atr: atr)
        events.publish(TerminalEvent("tap", at: now, tap: tap, reader: reader, what: "card"))
    }

    private func attach(_ name: String, _ now: Instant) {
        care.attached(name)
        let match: ProfileLibrary.Match
        switch equipment.find(name, pinned: configuration.readers) {
        case .match(let found) where found.profile.isUsable: match = found
        case .match(let found), .counterfeit(let found):
            return health.raise(.readerNotUsable, "\(name): \(found.profile.supportReason ?? found.why)")
        case .otherSlot(let found):
            return events.publish(
                TerminalEvent("reader", at: now, reader: name, what: "left-alone", detail: found.why))
        case .unknown: return health.raise(.readerNotKnown, name)
        }
        let station = ReaderStation(name: name, profile: match.profile, why: match.why, around: surroundings())
        stations.add(station, as: name)
        health.clear(.readerMissing)
        if match.profile.match.fallback { health.raise(.readerNotKnown, name) }
        events.publish(
            TerminalEvent(
                "reader", at: now, reader: name, what: "attached", detail: "profile \(match.profile.id): \(match.why)"))
    }

    private func noteReaderCount() {
        if stations.isEmpty { health.raise(.readerMissing) } else { health.clear(.readerMissing) }
    }

    func nextTap() -> UInt64 {
        taps.withLock { taps in
            taps += 1
            return taps
        }
    }

    private func surroundings() -> ReaderStation.Surroundings {
        ReaderStation.Surroundings(
            work: { self.makeWork() }, time: time,
            announce: {
                self.voice.say($0.utterance, $0.rule, notBefore: $0.notBefore, language: $0.language, tag: $0.tap)
            },
            publish: { self.events.publish($0) },
            exchanged: { self.events.publish($0, tap: $1, reader: $2, at: self.time.now()) },
            served: { self.care.served($0, answered: $1, error: $2) },
            connect: { (name, atr) throws(PCSCError) in try PCSCTransport(reader: name, atr: atr) },
            successAfterMilliseconds: configuration.successAfterMilliseconds,
            buzzes: configuration.voice.buzzer ?? false)
    }

    private func makeWork() -> any TapWork {
        TapRooms(
            configuration: configuration, layout: equipment.layout, keys: equipment.keys, client: client,
            feeds: feeds, journal: journal, local: local, health: health, shared: shared, time: time,
            recorded: { self.uploader?.nudge() }, till: till
        ).makeWork()
    }

    private static var environment: [String: String] {
        var found: [String: String] = [:]
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC"] {
            if let value = unsafe getenv(name) { found[name] = unsafe String(cString: value) }
        }
        return found
    }
}
