import Health
import Platform
import SmartCard
import Synchronization
import USBReaders

/// What can be done to a reader that stopped answering; the seam between the ladder and the world. All of it may block.
protocol ReaderHands: Sendable {
    /// Connects to the reader anew through pcscd.
    func reconnect(_ reader: String) throws(PCSCError)
    /// Takes the power from whatever lies on it, and the field with it.
    func unpower(_ reader: String) throws(PCSCError)
    /// The USB device behind it, where that is known for sure.
    func device(of reader: String) -> AttachedDevice?
    /// Whether the privileged helper can be asked.
    var hasHelper: Bool { get }
    /// Asks the privileged helper.
    func reset(_ request: ResetRequest) -> ResetDesk.Answer
}

/// The real ones: pcscd, the kernel's tree of devices, and the helper behind its folder.
struct SystemReaderHands: ReaderHands {
    private let desk: ResetDesk

    init(time: any TimeSource) { desk = ResetDesk(time: time) }

    func reconnect(_ reader: String) throws(PCSCError) { _ = try ReaderFacts.ask(reader) }
    func unpower(_ reader: String) throws(PCSCError) { try PCSCTransport.unpower(reader) }

    func device(of reader: String) -> AttachedDevice? {
        LocatedReader.find(reader, facts: try? ReaderFacts.ask(reader), among: SysfsUSB().devices())?.device
    }

    var hasHelper: Bool { desk.isOpen }
    func reset(_ request: ResetRequest) -> ResetDesk.Answer { desk.ask(request) }
}

/// Brings readers back that stopped answering, on a thread of its own: nobody who lays a card down waits for it.
///
/// A reader has failed when several cards in a row lay on it and not one command was answered. A card that is pulled
/// away answers something first, or pcscd says that it is gone.
final class ReaderCare: Sendable {
    /// Taps in a row without a single answer.
    static let deadTapsMost = 3

    private struct Patient {
        var ladder = RecoveryLadder()
        var deadTaps = 0
        /// Whether a tap was dead since the last step that could be done: without one nobody knows that it did not help.
        var isInDoubt = false
        var hubSwitchesPort: Bool?
    }

    private enum Word: Sendable {
        /// A tap ended without a single answer from the reader or the card.
        case dead(String)
        /// A command was answered.
        case answered(String)
        /// The reader was plugged in.
        case attached(String)
    }

    private let words = Mailbox<Word>()
    private let patients = Mutex<[String: Patient]>([:])
    private let sick = Mutex<Set<String>>([])
    private let thread = Mutex<DedicatedThread?>(nil)
    private let hands: any ReaderHands
    private let time: any TimeSource
    private let health: HealthRegistry
    private let isServing: @Sendable () -> Bool
    private let publish: @Sendable (TerminalEvent) -> Void

    /// Care by `hands`.
    ///
    /// - Parameter isServing: whether a card is being served on any reader: a reset takes away all slots of a device, and
    ///   a port's power perhaps its neighbours', in the middle of a write.
    init(
        hands: any ReaderHands, time: any TimeSource, health: HealthRegistry,
        isServing: @escaping @Sendable () -> Bool, publish: @escaping @Sendable (TerminalEvent) -> Void
    ) {
        (self.hands, self.time, self.health) = (hands, time, health)
        (self.isServing, self.publish) = (isServing, publish)
    }

    /// A card was served on `reader`: how many of its commands were answered, and why the last one was not.
    func served(_ reader: String, answered: Int, error: PCSCError.Code?) {
        if answered > 0 {
            // Of the readers that are well, which are nearly all of them always, nobody needs to hear.
            if sick.withLock({ $0.contains(reader) }) { words.send(.answered(reader)) }
        } else if let error, Self.speaksOfReader(error) {
            sick.withLock { _ = $0.insert(reader) }
            words.send(.dead(reader))
        }
    }

    /// `reader` was plugged in, or found again by pcscd.
    func attached(_ reader: String) {
        if sick.withLock({ $0.contains(reader) }) { words.send(.attached(reader)) }
    }

    /// Starts the thread, which ends after ``stop(deadline:)``.
    func start() {
        let started = DedicatedThread(name: "yika-care") { self.run() }
        thread.withLock { $0 = started }
    }

    /// Ends it. A helper that is being waited for is left to itself.
    func stop(deadline: Instant) -> Bool {
        words.close()
        return thread.withLock { $0 }?.join(until: deadline) ?? true
    }

    /// What a reader says that hangs, or that is half gone; a card that left says otherwise.
    private static func speaksOfReader(_ error: PCSCError.Code) -> Bool {
        [.notTransacted, .communication, .timeout, .readerUnavailable, .unresponsiveCard].contains(error)
    }

    private func run() {
        var due: Instant?
        while true {
            let word = words.receive(until: due)
            if word == nil, words.isClosed { return }
            due = patients.withLock { attend([word].compactMap(\.self), &$0) }
        }
    }

    /// Does what waits to be done, on the caller's thread: for tests, which have no other.
    func step() {
        let waiting = words.drain()
        patients.withLock { _ = attend(waiting, &$0) }
    }

    /// Hears `waiting` and treats everybody; when there is something to do again.
    private func attend(_ waiting: [Word], _ patients: inout [String: Patient]) -> Instant? {
        for word in waiting { hear(word, &patients) }
        var due: Instant?
        for name in patients.keys.sorted() {
            guard var patient = patients[name] else { continue }
            if let again = treat(name, &patient) { due = min(due ?? again, again) }
            patients[name] = patient
        }
        return due
    }

    private func hear(_ word: Word, _ patients: inout [String: Patient]) {
        let now = time.now()
        switch word {
        case .dead(let name):
            patients[name, default: Patient()].deadTaps += 1
            guard var patient = patients[name], patient.deadTaps >= Self.deadTapsMost else { return }
            patient.ladder.failed(at: now)
            patient.isInDoubt = true
            patients[name] = patient
            health.raise(.readerRecovers, name)
        case .answered(let name):
            patients[name]?.deadTaps = 0
            if let entry = patients[name]?.ladder.works(at: now) { tell(entry, name) }
            recovered(name)
        case .attached(let name):
            patients[name]?.deadTaps = 0
            // Our own resets look like that too; only after somebody was asked has somebody come.
            if patients[name]?.ladder.waitsForHuman == true {
                patients[name]?.ladder.replugged()
                recovered(name)
            }
        }
    }

    private func recovered(_ name: String) {
        sick.withLock { _ = $0.remove(name) }
        health.clear(.readerRecovers)
        health.clear(.readerNeedsHuman)
    }

    /// Does what the ladder says; when it wants to be asked again.
    private func treat(_ name: String, _ patient: inout Patient) -> Instant? {
        while patient.isInDoubt {
            let device = patient.deadTaps >= Self.deadTapsMost ? hands.device(of: name) : nil
            let situation = RecoverySituation(
                isDeviceKnown: device != nil, isHelperInstalled: hands.hasHelper,
                hubSwitchesPort: patient.hubSwitchesPort, isCardInHand: isServing())
            let (decision, log) = patient.ladder.next(at: time.now(), in: situation)
            for entry in log { tell(entry, name) }
            switch decision {
            case .nothing: patient.isInDoubt = false
            case .notBefore(let instant): return instant
            case .take(.askForHuman):
                health.raise(.readerNeedsHuman, name)
                patient.isInDoubt = false
            case .take(let step):
                let (isDone, why) = take(step, name, device, &patient)
                if isDone { patient.isInDoubt = false }
                tell(patient.ladder.ended(step, isDone: isDone, why: why, at: time.now()), name)
            }
        }
        return nil
    }

    private func take(
        _ step: RecoveryStep, _ name: String, _ device: AttachedDevice?, _ patient: inout Patient
    ) -> (isDone: Bool, why: String) {
        do throws(PCSCError) {
            switch step {
            case .reconnect: try hands.reconnect(name)
            case .unpower: try hands.unpower(name)
            case .usbReset, .portPowerCycle:
                guard let device else { return (false, "the device has gone") }
                return reset(step == .usbReset ? .reset : .powerCycle, device, &patient)
            case .askForHuman: break
            }
            return (true, "pcscd did so")
        } catch {
            return (false, error.description)
        }
    }

    private func reset(
        _ action: ResetRequest.Action, _ device: AttachedDevice, _ patient: inout Patient
    ) -> (isDone: Bool, why: String) {
        switch hands.reset(ResetRequest(action, device)) {
        case .answered(let outcome):
            if outcome.reason == .noPortPower { patient.hubSwitchesPort = false }
            return (outcome.result == .done, outcome.detail ?? outcome.result.rawValue)
        case .notInstalled(let error), .failed(let error): return (false, error.description)
        case .nobodyThere: return (false, "the helper does not answer")
        }
    }

    private func tell(_ entry: RecoveryEntry, _ reader: String) {
        publish(
            TerminalEvent(
                "recovery", at: time.now(), reader: reader, what: entry.step.rawValue,
                detail: "\(entry.outcome.rawValue): \(entry.why)"))
    }
}
