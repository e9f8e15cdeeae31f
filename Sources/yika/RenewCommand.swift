import ArgumentParser
import DataFiles
import Glibc
import Health
import Platform
import Sync
import Terminal

struct Renew: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: words(
            "凭证将到期时换成新的。", "Replace the terminal's credential before it ends."),
        discussion: words(
            """
            每晚由 yika-renew.timer 执行。是否到期由账务中心决定：剩余不足有效期的三分之一，或不足三周时更换。新凭证与旧凭证有效期相同；\
            旧凭证再保留一天。运行中的守护进程随即改用新凭证，无须重启。

            无论在哪里中断（包括断电），再次执行会接着做完。已经过期的凭证不能更换：请卡务中心发放新令牌，再执行 yika enrol。

            """,
            """
            yika-renew.timer does so every night. The ledger decides whether it is time: with a third of the credential's \
            life left, or three weeks where that is more. The new one lives as long as the old one did, which stays good \
            for a day. The running daemon goes on with the new one at once, without a restart.

            Whatever breaks off, the power too: the same command again goes on. One that has expired is not renewed: have \
            the card centre give out a new token, and run yika enrol.

            """) + "\n"
            + ExitStatus.told(
                (.well, Text("已更换", "renewed")),
                (.trouble, Text("账务中心拒绝", "the ledger refuses")),
                (.unreachable, Text("账务中心或磁盘出错，可再试", "the ledger or the disk failed, try again")),
                (.nothingToDo, Text("未到更换的时候", "it is not time yet")), also: [.notAllowed, .configuration]))

    @OptionGroup var place: TerminalPlace

    private struct Report: Encodable {
        let terminal: UInt16
        let renewed: Bool
        /// When the credential ends; absent when it does not.
        let credentialExpires: String?
        /// Whether the daemon goes on with it; absent where none runs, or nothing was renewed.
        let inUse: Bool?
    }

    func run() throws {
        let setup = try place.setup()
        let result: Renewal.Result
        do throws(EnrolmentError) { result = try Self.renew(setup) } catch { throw error.complaint }
        // Asked every time: a daemon that could not be told on the day of the renewal is told now.
        let inUse = isInUse(setup)
        let report = Report(
            terminal: setup.number, renewed: result.isRenewed,
            credentialExpires: result.expiresMilliseconds.flatMap(iso8601),
            inUse: result.isRenewed ? inUse : nil)
        if place.json { print(try jsonLine(report)) } else { Self.tell(report) }
        fflush(nil)
        if !result.isRenewed { throw ExitCode(.nothingToDo) }
    }

    private static func renew(_ setup: TerminalSetup) throws(EnrolmentError) -> Renewal.Result {
        guard let address = LedgerAddress(setup.ledger.url) else { throw .noAddress(setup.ledger.url) }
        let folders = try SecretFolders(setup)
        defer { folders.handOver() }
        return try Renewal(
            terminal: setup.number, credentials: folders.credentials,
            client: CurlEnrolmentClient(address: address, authorities: setup.ledger.authorities)
        ).run()
    }

    /// Tells the daemon; one that is not told goes on with the old credential, which is good for a day more.
    private func isInUse(_ setup: TerminalSetup) -> Bool? {
        // The daemon has what systemd unsealed for it when it started.
        guard setup.sealedName == nil else { return false }
        guard let socket = place.socket ?? setup.controlSocket else { return false }
        do throws(Complaint) {
            let answer: CredentialsAnswer = try Daemon(path: socket).ask(ControlRequest("credentials"))
            return answer.outcome != .unreadable
        } catch {
            return error.code == Notice.daemonNotRunning.code ? nil : false
        }
    }

    private static func tell(_ report: Report) {
        let until = report.credentialExpires
        if report.renewed {
            print(
                words(
                    "终端 \(report.terminal) 的凭证已更换，有效期至 \(until ?? "—")",
                    "the credential of terminal \(report.terminal) is renewed; it is good until \(until ?? "—")"))
            if report.inUse == false {
                print(words("下一步：一天之内执行 systemctl restart yikad", "next, within a day: systemctl restart yikad"))
            }
        } else {
            print(
                words(
                    until.map { "未到更换的时候：凭证有效期至 \($0)" } ?? "未到更换的时候：凭证不会到期",
                    until.map { "not time yet: the credential is good until \($0)" }
                        ?? "not time yet: the credential does not end"))
        }
    }
}
