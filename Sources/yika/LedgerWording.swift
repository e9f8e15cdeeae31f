import Health
import Journal
import Platform
import Sync
import Terminal

extension Notice {
    /// The condition with this code; `nil` for a code that is none's, or a newer program's.
    static func condition(_ code: String) -> Notice? { conditions.first { $0.code == code } }
}

extension SyncReport.Trouble {
    /// What it is: the condition's words in Chinese, with the daemon's particulars, which are English.
    var told: String {
        let title = Notice.condition(code)?.title.chinese
        return "[\(code)] " + words(title.map { "\($0)（\(detail)）" } ?? detail, detail)
    }

    /// The one thing to do next.
    var nextStepTold: String { words(Notice.condition(code)?.nextStep.chinese ?? nextStep, nextStep) }
}

extension EnrolmentError {
    /// What ends the enrolment.
    var complaint: Complaint {
        var status = isRefusal ? ExitStatus.trouble : .unreachable
        if case .storage(let error) = self, error.isReadOnly { status = .notAllowed }
        return Complaint(
            code, status, problem: Text(problemInChinese, problem), nextStep: Text(nextStepInChinese, nextStep))
    }

    private var problemInChinese: String {
        switch self {
        case .storage(let error): error.text.chinese
        case .ledger(let error):
            "\(error.kind.inChinese)（\(error.code)：\(error.message)）"
        case .notSealed(let why): "凭证无法封存到本机，或无法在本机解封：\(why)"
        case .otherTerminal(let number): "该令牌属于终端 \(number)"
        case .otherPublicKey(let key): "账务中心的签名公钥是 \(key)，与配置不同"
        case .otherEpoch(let epoch): "账务中心期望第 \(epoch) 代流水日志，与配置不同"
        case .malformed(let name): "应答中的 \(name) 格式不对"
        case .notEnrolled: Notice.notEnrolled.title.chinese
        case .noAddress(let url): "ledger.url：\(url) 不是账务中心的地址"
        }
    }

    private var nextStepInChinese: String {
        switch self {
        case .storage: "用 root 执行，并检查上述目录"
        case .ledger(let error):
            switch error.code {
            case "plain-http": "用 --url 给出账务中心的 https:// 地址"
            case "L-ENROLLED": "向卡务中心索取新的登记令牌；此令牌已用于另一秘密"
            case "L-EXPIRED", "L-RENEWED": "向卡务中心索取新的登记令牌，再用它执行 yika enrol"
            case "L-UNKNOWN-TERMINAL": "对照卡务中心的清单，核对配置中的 terminal.number"
            default:
                error.kind == .denied
                    ? "向卡务中心索取新的登记令牌；此令牌未知或已过期"
                    : Notice.condition(code)?.nextStep.chinese ?? "核对终端编号和凭证"
            }
        case .notSealed: "用 root 执行；见 man systemd-creds"
        case .otherTerminal: "改正配置中的 terminal.number，或索取本终端的令牌"
        case .otherPublicKey(let key): "确认这是你们的账务中心，再把 ledger.publicKey 设为 \(key)"
        case .otherEpoch(let epoch): "把配置中的 journalEpoch 设为 \(epoch)"
        case .malformed: "对照终端和账务中心的版本"
        case .notEnrolled: Notice.notEnrolled.nextStep.chinese
        case .noAddress: "把 ledger.url 设为 https:// 开头的地址"
        }
    }
}

extension LedgerClientError.Kind {
    fileprivate var inChinese: String {
        switch self {
        case .unreachable, .timeout: "无法连接账务中心"
        case .untrusted: "无法确认对方是账务中心"
        case .clock: "账务中心的证书与本机时间不符"
        case .denied, .refused: "账务中心拒绝"
        case .nonsense: "应答的不是账务中心"
        }
    }
}
