import ArgumentParser
import DataFiles
import FoundationEssentials
import Glibc
import Journal
import Platform
import Sync
import Terminal

struct Enrol: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: words(
            "让账务中心认识新终端，并放好它的凭证和流水日志密钥。",
            "Make a new terminal known to the ledger, and lay down its credentials and its journal's key."),
        discussion: words(
            """
            先写好配置：其中有终端编号、账务中心和各文件。卡务中心为本终端发放一个令牌，只能登记一次。\
            账务中心认识终端所用的秘密在本机生成，从不显示。

            无论在哪里中断（包括断电）：用同一令牌再执行一次同一命令，会接着做完，结果相同。用 root 执行；文件会交给守护进程的用户。

              yika enrol --token 5RZQ-…
              yika enrol --config /etc/yika/yikad.json5 --token - < token

            """,
            """
            Write the configuration first: it names the terminal's number, the ledger and the files. The card centre gives \
            out a token for this terminal, good for one enrolment. The secret that the ledger will know the terminal by is \
            made here and never shown.

            Whatever breaks off, the power too: the same command again, with the same token, goes on and ends the same. \
            Run it as root; the files are given to the daemon's user.

              yika enrol --token 5RZQ-…
              yika enrol --config /etc/yika/yikad.json5 --token - < token

            """) + "\n"
            + ExitStatus.told(
                (.well, Text("终端已登记，所需已齐备", "the terminal is known and has what it needs")),
                (.trouble, Text("账务中心拒绝，或与配置矛盾", "the ledger refuses, or contradicts the configuration")),
                (.unreachable, Text("账务中心或磁盘出错，可再试", "the ledger or the disk failed, try again")),
                (.nothingToDo, Text("本来就已齐备", "everything was there already")), also: [.notAllowed, .configuration]))

    @Option(
        help: hint(
            "终端的配置文件；不给则用 \(usualConfiguration)。",
            "The terminal's configuration; \(usualConfiguration) if not said."))
    var config: String?

    @Option(
        help: hint(
            "卡务中心发放的登记令牌；- 表示从标准输入读取，其他用户看不到。",
            "The enrolment token from the card centre; - reads it from standard input, unseen by other users."))
    var token: String

    @Option(
        help: hint(
            "账务中心地址，代替配置中的 ledger.url：https://，本机可用 http://。",
            "The ledger's address, if not the configuration's ledger.url: https://, or http:// on this machine."))
    var url: String?

    @Option(
        help: hint(
            "受信任证书的文件，代替配置中的 ledger.authorities。",
            "A file of certificates to trust, if not the configuration's ledger.authorities."))
    var authorities: String?

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    private struct Report: Encodable {
        let terminal: UInt16
        let name: String
        /// Whether everything was there already.
        let unchanged: Bool
        /// Whether the journal's key lies in the state folder and waits for the daemon.
        let hasLaidKey: Bool
        let credentialExpires: String?
    }

    func run() throws {
        let setup = try loadSetup(config)
        guard let address = LedgerAddress(url ?? setup.ledger.url) else {
            throw Complaint(
                usage: Text("--url：不是账务中心的地址", "--url: no address of a ledger"),
                nextStep: Text("给出 https:// 开头的地址", "give an address beginning with https://"))
        }
        if let authorities {
            do throws(DataFileError) { try AuthoritiesFile.check(authorities) } catch {
                throw Complaint(error, option: "--authorities")
            }
        }
        let token = token == "-" ? readLine()?.filter { !$0.isWhitespace } ?? "" : self.token
        guard !token.isEmpty else {
            throw Complaint(
                usage: Text("--token：没有令牌", "--token: no token"),
                nextStep: Text("给出卡务中心的登记令牌", "give the card centre's enrolment token"))
        }
        let before = Self.laidDown(setup)
        let report: Report
        do throws(EnrolmentError) {
            let result = try enrol(setup, address, token: token)
            report = Report(
                terminal: setup.number, name: result.name, unchanged: Self.laidDown(setup) == before,
                hasLaidKey: result.hasLaidKey, credentialExpires: result.expiresMilliseconds.flatMap(iso8601))
        } catch {
            throw error.complaint
        }
        if json { print(try jsonLine(report)) } else { Self.tell(report, setup) }
        if report.unchanged { throw ExitCode(.nothingToDo) }
    }

    /// What an enrolment lays down, as it lies there: it is the same afterwards when there was nothing to do.
    private static func laidDown(_ setup: TerminalSetup) -> [Data?] {
        [SecretFolders.path(of: setup), setup.stateDirectory + "/journal.key"].map {
            FileManager.default.contents(atPath: $0)
        }
    }

    private func enrol(
        _ setup: TerminalSetup, _ address: LedgerAddress, token: String
    ) throws(EnrolmentError) -> Enrolment.Result {
        let folders = try SecretFolders(setup)
        defer { folders.handOver() }
        let enrolment = Enrolment(
            expected: Enrolment.Expected(
                terminal: setup.number, journalEpoch: setup.journalEpoch, publicKey: setup.ledger.publicKey),
            state: try folders.state(),
            journal: try? FileStorage(directory: setup.stateDirectory + "/journal", access: .readOnly),
            credentials: folders.credentials,
            client: CurlEnrolmentClient(address: address, authorities: authorities ?? setup.ledger.authorities))
        return try enrolment.run(token: token)
    }

    private static func tell(_ report: Report, _ setup: TerminalSetup) {
        let (number, name, folder) = (report.terminal, report.name, setup.stateDirectory)
        let key =
            report.hasLaidKey
            ? words("journal.key 已放入 \(folder)", "journal.key lies in \(folder)")
            : words("现有流水日志沿用原密钥", "the journal there goes on under the key that it has")
        print(
            words(
                "账务中心已登记终端 \(number)（\(name)）；\(key)",
                "terminal \(number), \(name), is known to the ledger; \(key)"))
        if let expires = report.credentialExpires {
            print(words("凭证有效期至 \(expires)", "its credential is good until \(expires)"))
        }
        if report.unchanged {
            print(words("本来就已齐备，没有改动", "everything was there already; nothing was changed"))
        } else {
            print(words("下一步：systemctl restart yikad", "next: systemctl restart yikad"))
        }
    }
}
