import Glibc
public import Platform

/// Which scanner a station reads.
public enum ScannerChoice: Hashable, Sendable {
    /// The first attached one that one of these profiles knows, see ``ScannerFinder/attached(_:)``.
    case attached([ScannerProfile])
    /// The one at this path, whatever is there, by this profile.
    case fixed(ScannerProfile, path: String)
}

/// What happens at a scanner.
public enum ScannerEvent: Hashable, Sendable {
    /// A scanner is there and read from now on.
    case attached(ScannerDevice)
    /// The scanner that was read is gone; it is looked for again.
    case lost(ScannerDevice)
    /// No scanner is there. Said once, until there is one.
    case missing
    /// A scanner is there, but somebody else reads it: nobody says where its codes go. Said once a cause.
    case notGrabbed(ScannerDevice, ScannerError)
    /// A scanner is there and cannot be opened. Said once a cause.
    case notOpened(ScannerDevice, ScannerError)
    /// Something was scanned.
    case scanned(ScanOutcome)
}

/// Reads one scanner on a thread of its own, through its going and coming back.
public final class ScannerStation: Sendable {
    /// Opens what was found; tests put something else in its place.
    typealias Opening = @Sendable (ScannerProfile, String) throws(ScannerError) -> Descriptor

    private let choice: ScannerChoice
    private let finder: ScannerFinder
    private let time: any TimeSource
    private let tick: @Sendable () -> Void
    private let report: @Sendable (ScannerEvent) -> Void
    private let opening: Opening
    private let stopping = Signal()
    private let waker = Waker()

    /// How long one wait lasts at most before the loop shows that it lives, in milliseconds.
    private static let tickMilliseconds: Int64 = 5000
    /// The pauses between two looks for a scanner, in milliseconds: short at first, as somebody has just pulled a plug.
    private static let pauses: [Int64] = [100, 250, 500, 1000, 2000]
    /// A scanner that was read for so long, in milliseconds, is no loose contact.
    private static let soundMilliseconds: Int64 = 1000

    /// A station that does not read yet.
    ///
    /// - Parameters:
    ///   - choice: which scanner.
    ///   - places: where devices are.
    ///   - tick: called each time round the loop: the watchdog's proof that the loop lives.
    ///   - report: called on the station's thread for each event, in order; must not block.
    public convenience init(
        _ choice: ScannerChoice, places: ScannerPlaces = ScannerPlaces(), time: any TimeSource = SystemTime(),
        tick: @escaping @Sendable () -> Void = {}, report: @escaping @Sendable (ScannerEvent) -> Void
    ) {
        self.init(choice, places: places, time: time, tick: tick, report: report) {
            profile, path throws(ScannerError) in
            switch profile.kind {
            case .serial(let baud): try SerialLine.open(path, baud: baud)
            case .keyboard: try KeyboardLine.open(path)
            }
        }
    }

    init(
        _ choice: ScannerChoice, places: ScannerPlaces, time: any TimeSource, tick: @escaping @Sendable () -> Void,
        report: @escaping @Sendable (ScannerEvent) -> Void, opening: @escaping Opening
    ) {
        self.choice = choice
        finder = ScannerFinder(places: places)
        self.time = time
        self.tick = tick
        self.report = report
        self.opening = opening
    }

    /// Runs the loop on a new thread, which ends after ``stop()``.
    public func start() -> DedicatedThread { DedicatedThread(name: "scanner") { self.run() } }

    /// Ends the loop, also when it waits. Its thread ends soon after.
    public func stop() {
        stopping.raise()
        waker.wake()
    }

    private func run() {
        var failures = 0
        var troubles: Set<ScannerEvent> = []
        while !stopping.isRaised {
            tick()
            let begun = time.now()
            if readOne(&troubles), time.now().milliseconds(since: begun) >= Self.soundMilliseconds { failures = 0 }
            // Also after a loss: the device's file takes a moment to go, and one that dies at once would be opened for ever.
            let pause = Self.pauses[min(failures, Self.pauses.count - 1)]
            failures += 1
            if stopping.isRaised { return }
            _ = waker.wait(for: [], until: time.now().advanced(milliseconds: pause), time: time)
        }
    }

    /// Reads the first scanner that can be opened until it is gone; false when there is none.
    ///
    /// - Parameter troubles: what was wrong at the last look, so that it is not said again.
    private func readOne(_ troubles: inout Set<ScannerEvent>) -> Bool {
        var now: [ScannerEvent] = []
        for (profile, device) in candidates() {
            do throws(ScannerError) {
                let line = try opening(profile, device.path)
                troubles = []
                serve(line, profile, device)
                return true
            } catch {
                // Between the look and the opening it may have left: then it is no longer there, and nothing else.
                guard error.code != ENOENT, error.code != ENODEV, error.code != ENXIO else { continue }
                now.append(error.isBusy ? .notGrabbed(device, error) : .notOpened(device, error))
            }
        }
        if now.isEmpty { now = [.missing] }
        now.filter { !troubles.contains($0) }.forEach(report)
        troubles = Set(now)
        return false
    }

    private func candidates() -> [(ScannerProfile, ScannerDevice)] {
        switch choice {
        case .fixed(let profile, let path): [(profile, ScannerDevice(profile: profile.id, path: path))]
        case .attached(let profiles):
            finder.attached(profiles).compactMap { device in
                profiles.first { $0.id == device.profile }.map { ($0, device) }
            }
        }
    }

    private func serve(_ line: borrowing Descriptor, _ profile: ScannerProfile, _ device: ScannerDevice) {
        report(.attached(device))
        var assembler = profile.assembler
        var keys = KeyEvents()
        while !stopping.isRaised {
            tick()
            let idle = time.now().advanced(milliseconds: Self.tickMilliseconds)
            let isReady = waker.wait(for: [line.number], until: min(assembler.deadline ?? idle, idle), time: time)[0]
            guard isReady else {
                assembler.silence(at: time.now()).forEach { report(.scanned($0)) }
                continue
            }
            switch Self.read(line.number) {
            case .some(let bytes):
                let characters = profile.kind == .keyboard ? keys.characters(in: bytes) : bytes
                assembler.take(characters, at: time.now()).forEach { report(.scanned($0)) }
            case .none:
                report(.lost(device))
                return
            }
        }
    }

    /// What came; nothing when it was a false alarm, `nil` when the device is gone.
    private static func read(_ number: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(number, &bytes, bytes.count)
        if count > 0 { return Array(bytes[..<count]) }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? [] : nil
    }
}
