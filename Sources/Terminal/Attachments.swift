import Canteen
import DataFiles
import Health
import Platform
import Recogniser
import Scanner
import Screen
import Synchronization

/// What hangs on a till besides readers: a scanner, a recogniser, a screen. The till sells without any of them.
final class Attachments: Sendable {
    private struct Parts {
        var scanner: (station: ScannerStation, thread: DedicatedThread)?
        var faces: (desk: FaceDesk, thread: DedicatedThread)?
        var asked: UInt64?
    }

    private let parts = Mutex(Parts())
    private let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    /// Starts the scanner and the recogniser that `configuration` names.
    func start(_ configuration: Configuration, _ counter: CounterDesk, _ health: HealthRegistry) {
        if let scanner = configuration.canteen.scanner { start(scanner, configuration, counter, health) }
        if let face = configuration.canteen.face { start(face, counter, health) }
    }

    /// Ends them. Whether they have ended by `deadline`.
    func stop(deadline: Instant) -> Bool {
        let ending = parts.withLock { parts in
            defer { parts = Parts() }
            return parts
        }
        ending.scanner?.station.stop()
        ending.faces?.desk.stop()
        let isScannerDone = ending.scanner?.thread.join(until: deadline) ?? true
        return ending.faces?.thread.join(until: deadline) ?? true && isScannerDone
    }

    /// The till stands here: a recogniser is asked for somebody while a sale waits for one, and only then.
    func note(_ counter: Counter) {
        guard let desk = parts.withLock({ $0.faces?.desk }) else { return }
        let order: SaleOrder? =
            switch counter.phase {
            // While it is being paid, by whatever, it is nobody else's; the recogniser hears of the end.
            case .present(let order), .working(let order?): order.kind == .sale && !order.isTraining ? order : nil
            default: nil
            }
        let asked = parts.withLock { parts in
            defer { parts.asked = order?.number }
            return parts.asked
        }
        guard asked != order?.number else { return }
        guard let order else { return desk.withdraw() }
        desk.ask(
            FaceOrder(
                number: order.number, amountFen: UInt32(order.amount.rawValue),
                shownMilliseconds: time.wallMilliseconds()))
    }

    /// A sale by face ended so.
    func note(_ report: SaleReport) {
        guard let desk = parts.withLock({ $0.faces?.desk }), let order = report.order else { return }
        switch report.ending {
        case .paid, .paidBefore: desk.conclude(order)
        default: desk.conclude(order, refusal: Announcement(report.ending).notice.code)
        }
    }

    private func start(
        _ scanner: Configuration.Canteen.Scanner, _ configuration: Configuration, _ counter: CounterDesk,
        _ health: HealthRegistry
    ) {
        let library = ScannerLibrary.load(directory: configuration.profiles + "/scanners")
        if !library.errors.isEmpty {
            health.raise(.scannerProfileInvalid, library.errors.map(\.description).joined(separator: "; "))
        }
        let chosen = library.profiles.filter { profile in scanner.profile.map { $0 == profile.id } ?? true }
        guard let first = chosen.first else {
            return health.raise(.scannerMissing, "no scanner profile is called \(scanner.profile ?? "anything")")
        }
        let choice: ScannerChoice = scanner.path.map { .fixed(first, path: $0) } ?? .attached(chosen)
        let station = ScannerStation(choice, time: time) { event in
            switch event {
            case .scanned(let outcome): counter.scanned(outcome)
            case .attached:
                health.clear(.scannerMissing)
                health.clear(.scannerNotGrabbed)
            case .missing, .lost: health.raise(.scannerMissing)
            case .notOpened(let device, let error): health.raise(.scannerMissing, "\(device.path): \(error)")
            case .notGrabbed(let device, let error): health.raise(.scannerNotGrabbed, "\(device.path): \(error)")
            }
        }
        let thread = station.start()
        parts.withLock { $0.scanner = (station, thread) }
    }

    private func start(_ face: Configuration.Canteen.Face, _ counter: CounterDesk, _ health: HealthRegistry) {
        health.raise(.faceModuleMissing)
        do throws(FaceDeskError) {
            let desk = try FaceDesk(
                path: face.socket, group: face.group,
                rule: FaceRule(
                    scoreLeast: face.scoreLeast ?? 950, livenessLeast: face.livenessLeast ?? 900,
                    capFen: face.capFen ?? 3_000),
                peers: FacePeers(users: Set(face.users ?? []), groups: Set(face.groups ?? [])), time: time
            ) { event in
                switch event {
                case .connected: health.clear(.faceModuleMissing)
                case .disconnected(_, let mistake): health.raise(.faceModuleMissing, mistake?.rawValue ?? "")
                case .matched(let match, let order): counter.recognised(match, order: order)
                case .turnedAway, .refused, .malformed: break
                }
            }
            let thread = desk.start()
            parts.withLock { $0.faces = (desk, thread) }
        } catch {
            health.raise(.faceModuleMissing, error.description)
        }
    }
}
