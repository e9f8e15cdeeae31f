import Health
import LedgerProtocol
import Platform
import Sync
import Terminal

// Clock, network and ledger.

extension Check {
    /// When this was written: no clock may show an earlier time.
    private static let earliest: Int64 = 1_790_000_000_000

    static let clock = Check("clock", Text("系统时间", "the clock")) { examination in
        guard examination.box.time.wallMilliseconds() >= earliest else {
            return [
                Finding(
                    "clock", .trouble(.clockNotSet), Text("时间早于软件发布", "it shows a time before this program was made"))
            ]
        }
        switch examination.box.isClockKept() {
        case false?: return [Finding("clock", .trouble(.clockNotSet), Text("没有与时间服务器同步", "no time server keeps it"))]
        case true?: return [Finding("clock", .well, Text("已同步", "synchronised"))]
        case nil: return [Finding("clock", .skipped, Text("内核不提供", "the kernel does not tell"))]
        }
    }

    static let network = Check("network", Text("网络", "the network")) { examination in
        let names = examination.names("/sys/class/net").filter { $0 != "lo" }
        let linked = names.filter { examination.text("/sys/class/net/\($0)/carrier")?.first == "1" }
        guard !linked.isEmpty else {
            return [
                Finding(
                    "network", .trouble(.networkDown),
                    names.isEmpty
                        ? Text("没有网卡", "there is no network interface")
                        : Text("\(names.joined(separator: "、")) 未连接", "no link on \(names.joined(separator: ", "))"))
            ]
        }
        guard
            Routes.hasDefault(examination.text("/proc/net/route") ?? "", examination.text("/proc/net/ipv6_route") ?? "")
        else {
            // The ledger on the box itself, or on the same wire, needs no way out.
            if examination.daemon?.sync.connected == true { return [Finding("network", .well, Text(plain: linked[0]))] }
            return [Finding("network", .trouble(.networkDown), Text("没有默认路由", "there is no default route"))]
        }
        return [Finding("network", .well, Text(plain: linked.joined(separator: ", ")))]
    }

    static let ledger = Check("ledger", Text("账务中心", "the ledger")) { examination in
        guard let configuration = examination.configuration else { return [.waiting("ledger")] }
        if let sync = examination.daemon?.sync {
            guard sync.connected == true else {
                // Which of the troubles it is, the daemon's conditions tell.
                let detail = Text("yikad 尚无应答", "yikad has no answer from it")
                return [Finding("ledger", sync.connected == nil ? .skipped : .trouble(.ledgerUnreachable), detail)]
            }
            let unsent = sync.queued
            return [
                Finding(
                    "ledger", .well, Text("\(sync.url)，\(unsent) 条未上传", "\(sync.url), \(unsent) records not sent yet"))
            ]
        }
        guard let trouble = examination.box.ledger(configuration) else {
            return [Finding("ledger", .well, Text(plain: configuration.ledger.url))]
        }
        return [Finding("ledger", .trouble(trouble.notice), Text(plain: trouble.detail))]
    }

    /// A technician needs that long to come by, in milliseconds: the daemon's own fortnight.
    private static let expiryWarningMilliseconds: Int64 = 14 * 86_400_000

    static let expiry = Check("credential-expiry", Text("凭证有效期", "how long the credential is good")) { examination in
        guard let status = examination.daemon else { return [.waiting("credential-expiry")] }
        guard let expires = status.credentialExpiresMilliseconds else {
            return [
                Finding("credential-expiry", .well, Text("没有期限，或账务中心未告知", "without end, or the ledger has not told"))
            ]
        }
        let left = expires - examination.box.time.wallMilliseconds()
        let days = Text("还有 \(max(0, left) / 86_400_000) 天", "\(max(0, left) / 86_400_000) days left")
        if left <= 0 { return [Finding("credential-expiry", .trouble(.credentialExpired), days)] }
        return [
            Finding("credential-expiry", left < expiryWarningMilliseconds ? .trouble(.credentialExpires) : .well, days)
        ]
    }
}

/// The kernel's tables of routes.
enum Routes {
    /// Whether one of them leads everywhere (proc(5): destination and mask of zero; for IPv6 a prefix of length 0 that is
    /// not the kernel's own entry on `lo`, which says that there is none).
    static func hasDefault(_ ipv4: String, _ ipv6: String) -> Bool {
        let four = ipv4.split(separator: "\n").dropFirst().contains { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            return fields.count > 7 && fields[1] == "00000000" && fields[7] == "00000000"
        }
        let six = ipv6.split(separator: "\n").contains { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            return fields.count > 9 && fields[1] == "00" && fields[0].allSatisfy { $0 == "0" } && fields[9] != "lo"
        }
        return four || six
    }
}
