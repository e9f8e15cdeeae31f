import ArgumentParser
import CLinux
import DataFiles
import DeviceProfiles
import Glibc
import Platform
import Simulator

/// Plays a card on pcscd's virtual reader.
struct SimulateCard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card",
        abstract: words("把卡片映像放到 pcscd 的虚拟读卡器（vpcd）上。", "Lay a card image on pcscd's virtual reader (vpcd)."),
        discussion: words(
            """
            事件以 JSON 写到标准输出，每行一个；其中绝不含密钥。加 --json 时出错也是 JSON。

            加 --interactive 时，从标准输入以同样方式接受指令：

            """,
            """
            Events go to standard output as JSON, one a line; key bytes are never among them. With --json errors do too.

            With --interactive, orders come from standard input the same way:

            """)
                + """
                  {"do":"lay"}  {"do":"lift"}  {"do":"save","path":FILE}  {"do":"load","image":FILE}  {"do":"quit"}
                  {"do":"lay","pullAt":12,"how":"before|after|answer|tear","torn":"old|new|erased|mixed|weak","seed":1}
                  {"do":"lay","pullAt":12,"how":"tear","block":2}  {"do":"lay","misbehaviour":["shortAnswerOnce"],"seed":1}


                """
            + ExitStatus.told(
                (.well, Text("正常结束", "ended as it was asked to")),
                (.unreachable, Text("映像或描述文件目录读不到", "the image or the directory of profiles cannot be read")),
                (.configuration, Text("映像或描述文件有误", "the image or the profile is malformed"))))

    @Option(
        help: hint(
            "卡片：原始 .mfd 或 .bin，Proxmark3 .eml 或 .json，Flipper .nfc。",
            "The card: raw .mfd or .bin, Proxmark3 .eml or .json, Flipper .nfc."))
    var image: String

    @Option(help: hint("模拟的读卡器：描述文件的 ID。", "The reader to play, by the id of its profile."))
    var reader = "virtual-pcd"

    @Option(help: hint("读卡器描述文件的目录。", "The directory with the reader profiles."))
    var profiles = installed("device-profiles/readers")

    @Option(help: hint("vpcd 在本机监听的 TCP 端口。", "The TCP port that vpcd listens on, on this machine."))
    var port: UInt16

    @Option(help: hint("每条命令的毫秒数，代替描述文件中的。", "Milliseconds for each command, instead of the profile's."))
    var latency: Int?

    @Flag(help: hint("拿走卡片时把内容写回映像。", "Write the card's content back to the image when it is taken away."))
    var writeBack = false

    @Flag(
        help: hint(
            "从标准输入接受指令，不立即放卡。", "Take orders from standard input instead of laying the card down at once."))
    var interactive = false

    @Flag(help: hint("出错也以 JSON 输出；事件总是 JSON。", "Errors as JSON too; events always are."))
    var json = false

    func validate() throws {
        guard (0...10_000).contains(latency ?? 0) else {
            throw ValidationError(words("--latency 须为 0 到 10000。", "--latency is from 0 to 10000."))
        }
    }

    private enum Input: Sendable {
        case order(String)
        case end
    }

    func run() throws {
        let profile = try profile()
        let inputs = Mailbox<Input>()
        // Before any other thread starts, so that none of them takes the signals.
        Self.watchSignals(inputs)
        let hand: VirtualHand
        do throws(ImageError) {
            hand = try VirtualHand(
                image: image, profile: profile, port: port, latencyMilliseconds: latency, writesBack: writeBack
            ) { event in
                LineOutput.print(event.line)
            }
        } catch {
            throw Complaint(error, option: "--image")
        }
        if interactive { Self.readOrders(inputs) } else { hand.lay() }
        while case .order(let line) = inputs.receive() {
            if !hand.order(line) { break }
        }
        hand.leave()
    }

    private func profile() throws -> ReaderProfile {
        guard unsafe access(profiles, R_OK) == 0 else {
            throw Complaint(unreadable: profiles, errno, option: "--profiles")
        }
        let library = ProfileLibrary.load(directory: profiles)
        if let profile = library.profile(id: reader) { return profile }
        if let error = library.errors.first(where: { $0.file.hasSuffix("/\(reader).json5") }) {
            throw Complaint(error, option: "--profiles")
        }
        throw Complaint(
            usage: Text("\(profiles) 中没有描述文件“\(reader)”", "no profile '\(reader)' in \(profiles)"),
            nextStep: Text("用 --reader 给出现有描述文件的 ID", "name the id of one that is there with --reader"))
    }

    private static func watchSignals(_ inputs: Mailbox<Input>) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM] { unsafe sigaddset(&signals, signal) }
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        let watched = signals
        _ = DedicatedThread(name: "signals") {
            var signals = watched
            var signal: Int32 = 0
            _ = unsafe sigwait(&signals, &signal)
            inputs.send(.end)
        }
    }

    private static func readOrders(_ inputs: Mailbox<Input>) {
        _ = DedicatedThread(name: "orders") {
            while let line = readLine() {
                if !line.isEmpty { inputs.send(.order(line)) }
            }
            inputs.send(.end)
        }
    }
}
