import DeviceProfiles
import FoundationEssentials
import Glibc
import Health
import Platform
import SmartCard
import Terminal

/// A reader whose cards are ours for the moment: lent by the running daemon, or nobody's when none runs.
struct BorrowedReader {
    let name: String
    let profile: ReaderProfile
    /// The connection that the loan hangs on: it ends with it.
    private let loan: ControlLoan?

    /// Takes the reader whose name contains `wanted`, or the only one.
    ///
    /// - Throws: ``Complaint``, also when a daemon has the reader and does not lend it.
    init(_ wanted: String?, _ place: TerminalPlace, profiles: ProfileLibrary) throws(Complaint) {
        let names: [String]
        do throws(PCSCError) { names = try PCSCContext().readers() } catch { throw Complaint(error) }
        let loan = try Self.borrow(wanted, place)
        let fitting = names.filter { name in
            if let lent = loan?.answer.reader { return name == lent }
            if let wanted { return name.contains(wanted) }
            return profiles.match(readerName: name) != nil
        }
        guard let name = fitting.first else { throw .noReader(wanted) }
        guard fitting.count == 1 else { throw .severalReaders(fitting) }
        let lent = loan?.answer.profile.flatMap { profiles.profile(id: $0) }
        guard let profile = lent ?? profiles.match(readerName: name)?.profile else {
            throw Complaint(.readerNotKnown, .unreachable, detail: name)
        }
        (self.name, self.profile, self.loan) = (name, profile, loan)
    }

    /// Waits for a card, and connects to it.
    func card(waitingSeconds: Int64) throws(Complaint) -> PCSCTransport {
        let time = SystemTime()
        let deadline = time.now().advanced(milliseconds: waitingSeconds * 1000)
        var isAsked = false
        while true {
            do throws(PCSCError) {
                return try PCSCTransport(reader: name)
            } catch {
                guard [.noSmartcard, .removedCard, .sharingViolation, .unresponsiveCard].contains(error.code) else {
                    throw Complaint(error)
                }
                guard time.now() < deadline else { throw .noCard(name) }
            }
            if !isAsked, isatty(STDERR_FILENO) == 1 {
                complain(words("请将卡片放在 \(name) 上", "lay a card on \(name)"))
                isAsked = true
            }
            time.sleep(milliseconds: 100)
        }
    }

    /// How long a card in hand may keep the daemon from lending, in milliseconds.
    private static let patienceMilliseconds: Int64 = 10_000

    /// `nil`: no daemon runs, or it does not serve such a reader, so that nobody has to be asked.
    private static func borrow(_ wanted: String?, _ place: TerminalPlace) throws(Complaint) -> ControlLoan? {
        // A box that is not set up yet has readers too.
        guard let path = place.socket ?? (try? place.setup())?.controlSocket else { return nil }
        let time = SystemTime()
        let deadline = time.now().advanced(milliseconds: patienceMilliseconds)
        while true {
            guard let loan = try loan(path, wanted) else { return nil }
            switch loan.answer.outcome {
            case .lent: return loan
            case .noReader: return nil
            case .several: throw .severalReaders([])
            case .busy:
                guard time.now() < deadline else { throw .readerBusy }
            }
            time.sleep(milliseconds: 200)
        }
    }

    private static func loan(_ path: String, _ wanted: String?) throws(Complaint) -> ControlLoan? {
        do throws(ControlQuestionError) {
            return try ControlLoan(socket: path, reader: wanted)
        } catch {
            if case .notThere = error { return nil }
            throw error.complaint(path)
        }
    }
}

extension Complaint {
    /// What pcscd says, as the condition that it is.
    init(_ error: PCSCError) {
        switch error.code {
        case .securityViolation: self.init(.pcscdRefuses, .notAllowed, detail: error.description)
        case .noService, .serviceStopped: self.init(.pcscdUnreachable, .unreachable, detail: error.description)
        default:
            self.init(
                ComplaintCode.readerFailed, .unreachable,
                problem: Text("读卡器出错：\(error)", "the reader failed: \(error)"),
                nextStep: Text(
                    "重新放卡再试；仍不行则执行 yika doctor", "lay the card down again; if that does not help, run yika doctor"))
        }
    }

    static func noReader(_ wanted: String?) -> Complaint {
        guard let wanted else { return Complaint(.readerMissing, .unreachable, detail: "pcscd") }
        return Complaint(
            ComplaintCode.noSuchReader, .unreachable,
            problem: Text("没有名称含“\(wanted)”的读卡器", "no reader's name contains '\(wanted)'"),
            nextStep: Text("执行 yika reader list", "run yika reader list"))
    }

    static func severalReaders(_ names: [String]) -> Complaint {
        Complaint(
            ComplaintCode.severalReaders, .usage,
            problem: Text(
                "有多个读卡器：\(names.joined(separator: "、"))", "there are several readers: \(names.joined(separator: "; "))"),
            nextStep: Text("用 --reader 指定名称的一部分", "name a part of one with --reader"))
    }

    static let readerBusy = Complaint(
        ComplaintCode.readerBusy, .unreachable,
        problem: Text("yikad 正在处理卡片，不借出读卡器", "the daemon is serving a card and does not lend the reader"),
        nextStep: Text("取走卡片再试", "take the card away and try again"))

    static func noCard(_ reader: String) -> Complaint {
        Complaint(
            ComplaintCode.noCard, .unreachable, problem: Text("\(reader) 上没有卡片", "no card was laid on \(reader)"),
            nextStep: Text("放好卡片再试", "lay one down and try again"))
    }
}
