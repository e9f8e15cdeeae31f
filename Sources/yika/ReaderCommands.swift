import ArgumentParser
import DataFiles
import DeviceProfiles
import Diagnosis
import FoundationEssentials
import Glibc
import Health
import Platform
import SmartCard
import Terminal
import USBReaders

/// What can be asked of readers.
struct ReaderTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reader", abstract: words("列出、测量、录制和重置读卡器。", "List, measure, record and reset card readers."),
        discussion: discussion,
        subcommands: [ReaderList.self, ReaderProbe.self, ReaderRecord.self, ReaderReset.self])

    static let discussion =
        words("yikad 正在运行时，先向它借用读卡器，用完归还。", "Where the daemon runs, it is asked for the reader and gets it back.")
        + "\n\n"
        + ExitStatus.told(
            (.well, Text("正常", "well")), (.trouble, ExitStatus.trouble.meaning),
            (.unreachable, Text("没有读卡器或卡片，或无法完成", "no reader or no card, or it could not be done")),
            also: [.notAllowed])
}

/// Which reader, and where its profiles are.
struct ReaderPlace: ParsableArguments {
    @OptionGroup var place: TerminalPlace

    @Option(
        help: hint("描述文件目录。", "The folder with the reader profiles, in place of the configuration's."))
    var profiles: String?

    func library() -> ProfileLibrary {
        let configured = (try? place.setup())?.profiles ?? "/usr/share/yika/device-profiles"
        return ProfileLibrary.load(directory: profiles ?? configured + "/readers")
    }
}

/// What is known of one reader.
struct ReaderLine: Encodable {
    let name: String
    let profile: String?
    let why: String
    let support: String?
    let verified: Bool?
    let usb: String?
    let port: String?
    let firmware: String?
    let trouble: [String]

    /// The reader that pcscd calls `name`.
    init(_ name: String, _ library: ProfileLibrary, _ devices: [AttachedDevice]) {
        self.name = name
        let facts = try? ReaderFacts.ask(name)
        let located = LocatedReader.find(name, facts: facts, among: devices)
        let device = located?.device
        usb = device.map { "\($0.identity)" }
        port = device.map { "\($0.port)" }
        firmware = device.map { device in
            let digits = String(device.bcdDevice, radix: 16)
            return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        }
        let seen = device?.profileDevice(interface: located?.interface.map(Int.init))
        switch library.find(readerName: name, usb: seen) {
        case .match(let match):
            (profile, why) = (match.profile.id, match.why)
            (support, verified) = (match.profile.support.rawValue, match.profile.verified)
        case .otherSlot(let match): (profile, why, support, verified) = (nil, match.why, nil, nil)
        case .counterfeit(let match): (profile, why, support, verified) = (nil, match.why, "counterfeit", nil)
        case .unknown: (profile, why, support, verified) = (nil, "no profile knows it", nil, nil)
        }
        trouble = device.map { Self.trouble($0, library) } ?? []
    }

    /// A reader that is plugged in, and that pcscd does not have.
    init(missing device: AttachedDevice, _ library: ProfileLibrary) {
        name = [device.manufacturer, device.product].compactMap(\.self).joined(separator: " ")
        (profile, why, support, verified) = (nil, "pcscd does not have it", nil, nil)
        (usb, port, firmware) = ("\(device.identity)", "\(device.port)", nil)
        trouble = Self.trouble(device, library)
    }

    private static func trouble(_ device: AttachedDevice, _ library: ProfileLibrary) -> [String] {
        KnownTrouble.find(in: device, profiles: library, drivers: InstalledDrivers.load()).map { "\($0.notice.code)" }
    }

    func show() {
        print(Report.bold(name))
        var rows: [(String, String)] = [
            (words("  描述文件", "  profile"), "\(profile ?? "-") (\(why))")
        ]
        if let support {
            let tried = verified == true ? words("，已实测", ", tried") : words("，未实测", ", never tried")
            rows.append((words("  可靠程度", "  support"), support + (verified == nil ? "" : tried)))
        }
        if let usb, let port { rows.append(("  USB", "\(usb) @ \(port), \(firmware ?? "-")")) }
        printTable(rows)
        for code in trouble {
            guard let notice = Notice.named(code) else { continue }
            print("  \(Report.sign(notice.severity.mark)) [\(code)] \(notice.title.here)")
            print("    → \(notice.nextStep.here)")
        }
    }
}

struct ReaderList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: words("列出读卡器、所用描述文件及理由。", "List the readers, the profile of each and why that one."),
        discussion: ReaderTools.discussion)

    @OptionGroup var readers: ReaderPlace

    func run() throws {
        let library = readers.library()
        let devices = SysfsUSB().devices()
        let names: [String]
        do throws(PCSCError) { names = try PCSCContext().readers() } catch { throw Complaint(error) }
        var lines = names.map { ReaderLine($0, library, devices) }
        let ports = Set(lines.compactMap(\.port))
        let known = Set(library.profiles.flatMap { $0.match.usb.map(\.identity) })
        for device in devices
        where !ports.contains("\(device.port)") && (device.hasCCID || known.contains(device.identity)) {
            lines.append(ReaderLine(missing: device, library))
        }
        for line in lines {
            if readers.place.json { print(try jsonLine(line)) } else { line.show() }
        }
        fflush(nil)
        guard !lines.isEmpty else { throw Complaint(.readerMissing, .unreachable, detail: "pcscd") }
        if lines.contains(where: { !$0.trouble.isEmpty }) { throw ExitCode(ExitStatus.trouble.rawValue) }
    }
}

struct ReaderProbe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: words("测量读卡器每条命令的用时，并与描述文件比较。", "Measure what one command takes, beside what the profile says."),
        discussion: words("需要放一张卡；只读卡号。\n\n", "Needs a card; only its number is read.\n\n") + ReaderTools.discussion)

    @OptionGroup var readers: ReaderPlace

    @Option(help: hint("读卡器名称的一部分。", "A part of the reader's name in pcscd."))
    var reader: String?

    @Option(help: hint("命令次数。", "How many commands."))
    var count = 50

    @Option(help: hint("等待卡片的秒数。", "Seconds to wait for a card."))
    var wait: Int64 = 30

    private struct Figures: Encodable {
        let reader: String
        let profile: String
        let commands: Int
        let unanswered: Int
        let minimumMilliseconds: Double
        let medianMilliseconds: Double
        let p99Milliseconds: Double
        let maximumMilliseconds: Double
        let profileMilliseconds: Int
    }

    func validate() throws {
        guard (1...10_000).contains(count) else {
            throw ValidationError(words("--count：1 到 10000。", "--count: 1 to 10000."))
        }
    }

    func run() throws {
        let borrowed = try BorrowedReader(reader, readers.place, profiles: readers.library())
        let card = try borrowed.card(waitingSeconds: wait)
        guard let command = borrowed.profile.commands[.uid]?.build([:]) else {
            throw Complaint(.readerNotUsable, .unreachable, detail: borrowed.profile.id)
        }
        let time = SystemTime()
        var taken: [Double] = []
        var bar = ProgressBar(words("测量", "measuring"))
        for number in 0..<count {
            let began = time.now()
            if (try? card.transmit(command)) != nil {
                taken.append(Double(time.now().nanoseconds - began.nanoseconds) / 1_000_000)
            }
            bar.show(UInt64(number), of: UInt64(count))
        }
        bar.end()
        taken.sort()
        guard !taken.isEmpty else { throw Complaint.noCard(borrowed.name) }
        func rank(_ share: Double) -> Double {
            (taken[min(taken.count - 1, Int(Double(taken.count) * share))] * 100).rounded() / 100
        }
        let figures = Figures(
            reader: borrowed.name, profile: borrowed.profile.id, commands: count, unanswered: count - taken.count,
            minimumMilliseconds: rank(0), medianMilliseconds: rank(0.5), p99Milliseconds: rank(0.99),
            maximumMilliseconds: rank(1), profileMilliseconds: borrowed.profile.latency.command)
        if readers.place.json { print(try jsonLine(figures)) } else { Self.show(figures) }
        fflush(nil)
        if figures.unanswered > 0 { throw ExitCode(ExitStatus.trouble.rawValue) }
    }

    private static func show(_ figures: Figures) {
        printTable([
            (words("读卡器", "reader"), "\(figures.reader), \(figures.profile)"),
            (
                words("命令", "commands"),
                words(
                    "\(figures.commands) 条，\(figures.unanswered) 条无应答",
                    "\(figures.commands), \(figures.unanswered) unanswered")
            ),
            (
                words("用时", "took"),
                words(
                    "最短 \(figures.minimumMilliseconds)，中位 \(figures.medianMilliseconds)，99 % \(figures.p99Milliseconds)，最长 \(figures.maximumMilliseconds) 毫秒",
                    "\(figures.minimumMilliseconds) least, \(figures.medianMilliseconds) median, \(figures.p99Milliseconds) p99, \(figures.maximumMilliseconds) most, in ms"
                )
            ),
            (words("描述文件", "profile says"), "\(figures.profileMilliseconds) ms"),
        ])
    }
}

struct ReaderRecord: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: words(
            "录制未知读卡器的应答，成为一项测试。", "Record what an unknown reader answers, into a file that becomes a test."),
        discussion: words(
            "需要一张空白的 MIFARE Classic；只用出厂密钥，不写卡。把文件放到 Tests/SimulatorTests/Fixtures/recordings。\n\n",
            """
            Needs a blank MIFARE Classic; only the factory's key is used, and the card is not written. The file belongs into \
            Tests/SimulatorTests/Fixtures/recordings, and is a test from then on.


            """) + ReaderTools.discussion)

    @OptionGroup var readers: ReaderPlace

    @Option(help: hint("读卡器名称的一部分。", "A part of the reader's name in pcscd."))
    var reader: String?

    @Option(help: hint("等待卡片的秒数。", "Seconds to wait for a card."))
    var wait: Int64 = 30

    @Argument(help: hint("要写的文件。", "The file to write."))
    var file: String

    func run() throws {
        let borrowed = try BorrowedReader(reader, readers.place, profiles: readers.library())
        let card = try borrowed.card(waitingSeconds: wait)
        let located = LocatedReader.find(
            borrowed.name, facts: try? ReaderFacts.ask(borrowed.name), among: SysfsUSB().devices())
        var bar = ProgressBar(words("录制", "recording"))
        let recording: ReaderRecording
        do throws(ReaderRecording.Refusal) {
            recording = try ReaderRecording.take(
                card, reader: borrowed.name, usb: located.map { "\($0.device.identity)" }, profile: borrowed.profile.id,
                time: SystemTime()
            ) { bar.show($0, of: $1) }
            bar.end()
        } catch {
            bar.end()
            throw Self.complaint(error)
        }
        try write(recording)
        if readers.place.json {
            print(try jsonLine(recording))
        } else {
            print(
                words(
                    "已录制 \(recording.steps.count) 条命令：\(file)",
                    "recorded \(recording.steps.count) commands into \(file)"))
        }
    }

    private func write(_ recording: ReaderRecording) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try (encoder.encode(recording) + Data("\n".utf8)).write(to: URL(filePath: file), options: .atomic)
        } catch {
            throw Complaint(
                ComplaintCode.notWritable, .unreachable, problem: Text("无法写入 \(file)", "\(file) cannot be written"),
                nextStep: Text("换一个目录", "give a file in a folder that you may write to"))
        }
    }

    private static func complaint(_ refusal: ReaderRecording.Refusal) -> Complaint {
        switch refusal {
        case .cardInUse:
            Complaint(
                ComplaintCode.cardInUse, .trouble,
                problem: Text(
                    "这不是空白卡，或读卡器不按已知方式应答", "this is no blank card, or the reader takes none of the known forms"),
                nextStep: Text("换一张空白的 MIFARE Classic 再试", "try with a blank MIFARE Classic"))
        case .lost(let error): Complaint(error)
        }
    }
}

struct ReaderReset: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: words("复位读卡器的 USB，必要时断电重启端口。", "Reset the reader on USB, or take its port's power off and on."),
        discussion: words(
            "由受限的辅助服务 yika-reader-reset 执行；yikad 平时会自动这样做。\n\n",
            "The helper unit yika-reader-reset does so; the daemon asks it by itself when a reader stays silent.\n\n")
            + ReaderTools.discussion)

    @OptionGroup var readers: ReaderPlace

    @Flag(help: hint("断开端口电源再接通。", "Take the port's power off and on, where the hub can."))
    var power = false

    @Option(help: ArgumentHelp(words("请求目录。", "The folder for requests."), visibility: .hidden))
    var folder = ResetDesk.standardFolder

    @Argument(
        help: hint("读卡器名称的一部分，或 USB 端口如 1-1.3。", "A part of the reader's name in pcscd, or its USB port as in 1-1.3."))
    var reader: String

    func run() throws {
        let devices = SysfsUSB().devices()
        let answer = ResetDesk(folder: folder).ask(ResetRequest(power ? .powerCycle : .reset, try device(devices)))
        switch answer {
        case .answered(let outcome) where outcome.result == .done:
            print(
                readers.place.json
                    ? try jsonLine(outcome)
                    : words("已复位；几秒后 pcscd 会重新识别它", "reset; pcscd finds it again in a few seconds"))
        case .answered(let outcome):
            throw Complaint(
                outcome.reason?.rawValue ?? ComplaintCode.resetFailed, .trouble,
                problem: Text("未能复位：\(outcome.detail ?? "")", "not reset: \(outcome.detail ?? "")"),
                nextStep: Notice.readerNeedsHuman.nextStep)
        case .notInstalled(let error):
            throw Complaint(
                ComplaintCode.noHelper, .unreachable,
                problem: Text("没有辅助服务（\(error)）", "the helper is not installed, or you may not ask it (\(error))"),
                nextStep: Text(
                    "执行 systemctl start yika-reader-reset.path，并以 root 运行",
                    "run: systemctl start yika-reader-reset.path, and try as root"))
        case .nobodyThere:
            throw Complaint(
                ComplaintCode.noHelper, .unreachable, problem: Text("辅助服务没有应答", "the helper does not answer"),
                nextStep: Text(
                    "执行 systemctl status yika-reader-reset.path yika-reader-reset.service",
                    "run: systemctl status yika-reader-reset.path yika-reader-reset.service"))
        case .failed(let error):
            throw Complaint(
                ComplaintCode.resetFailed, .unreachable,
                problem: Text("无法提出请求：\(error)", "the request could not be written: \(error)"),
                nextStep: Text("执行 yika doctor", "run yika doctor"))
        }
    }

    private func device(_ devices: [AttachedDevice]) throws(Complaint) -> AttachedDevice {
        if let port = PortPath(reader), let device = devices.first(where: { $0.port == port }) { return device }
        let names = (try? PCSCContext().readers()) ?? []
        let found = names.filter { $0.contains(reader) }.compactMap { name in
            LocatedReader.find(name, facts: try? ReaderFacts.ask(name), among: devices)?.device
        }
        guard let device = found.first else { throw .noReader(reader) }
        return device
    }
}
