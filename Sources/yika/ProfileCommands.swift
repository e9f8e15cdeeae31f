import ArgumentParser
import DeviceProfiles
import FoundationEssentials
import Glibc
import Health
import Platform

/// What can be asked about reader profiles without a reader.
struct ProfileTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: words("检查、新建和查询读卡器描述文件。", "Check, make and look up reader profiles."),
        subcommands: [ProfileCheckCommand.self, ProfileNew.self, ProfileShow.self, ProfileMatch.self])

    /// Every command of the group ends with it where there are no profiles.
    static let noFolder = (
        status: ExitStatus.unreachable, meaning: Text("描述文件目录读不到", "the directory of profiles cannot be read")
    )
}

/// Where the profiles are.
struct ProfilePlace: ParsableArguments {
    @Option(help: hint("读卡器描述文件的目录。", "The directory with the reader profiles."))
    var profiles = installed("device-profiles/readers")

    /// The directory without a slash at its end, known to be there.
    func directory() throws -> String {
        guard (try? FileManager.default.contentsOfDirectory(atPath: profiles)) != nil else {
            let code = unsafe access(profiles, R_OK) == 0 ? ENOTDIR : errno
            throw Complaint(unreadable: profiles, code, option: "--profiles")
        }
        var path = profiles[...]
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }
}

/// Which drivers' lists to look devices up in.
struct DriverPlaces: ParsableArguments {
    @Option(
        help: hint(
            "对照这个驱动的 Info.plist，代替已安装驱动的；可重复。",
            "A driver's Info.plist to check against, instead of those of the drivers installed; may be repeated."))
    var drivers: [String] = []

    var installed: InstalledDrivers { InstalledDrivers.load(paths: drivers) }
}

struct ProfileCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: words(
            "指出描述文件自身、彼此或与已安装驱动的矛盾。",
            "Say what in the profiles contradicts itself, another profile, or the drivers installed."),
        discussion: words(
            "每项发现有固定编号。错误必须改正；警告由人决定；只有提示的描述文件视为无问题。",
            """
            Each finding has a stable code. A fault has to be mended; a warning is for somebody to decide; with notes \
            alone a profile is clean.
            """) + "\n\n"
            + ExitStatus.told(
                (.well, Text("无问题", "everything is clean")), (.trouble, Text("有错误或警告", "there are faults or warnings")),
                ProfileTools.noFolder))

    @OptionGroup var place: ProfilePlace
    @OptionGroup var driverPlaces: DriverPlaces

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    @Argument(
        help: hint(
            "只说这些描述文件（ID）；不给则全部。总会读取全部。",
            "Ids of profiles to tell about; all when none is named. All are read in any case."))
    var profile: [String] = []

    func run() throws {
        let check = ProfileCheck(directory: try place.directory(), drivers: driverPlaces.installed)
        for id in profile where !check.ids.contains(id) {
            throw Complaint(noProfile: id, in: place.profiles, butThese: check.ids)
        }
        let report = ProfileReport(check, ids: profile)
        if json { print(try jsonLine(report)) } else { report.print(Paint()) }
        if !report.clean { throw ExitCode(.trouble) }
    }
}

struct ProfileNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: words("新建一个待填写的描述文件。", "Make a profile to be filled in."),
        discussion: words(
            "其中列出每个值和应填的内容，以及 PC/SC 第 3 部分的命令。检查会警告尚待填写的部分。",
            """
            It has every value with what belongs there, and PC/SC part 3's commands. The check warns of what is still to \
            be filled in.
            """) + "\n\n"
            + ExitStatus.told(
                (.well, Text("已新建", "made")), (.trouble, Text("写不了或已存在", "it cannot be written or is there already")),
                ProfileTools.noFolder, also: [.notAllowed]))

    @OptionGroup var place: ProfilePlace
    @OptionGroup var driverPlaces: DriverPlaces

    @Option(
        help: hint(
            "读卡器名称；不给则取已安装驱动对其 USB 设备的称呼。",
            "The reader's name for people; if not said, what the drivers installed call its USB device."))
    var title: String?

    @Option(
        help: hint("读卡器的 USB 设备 VID:PID；可重复。", "A USB device of the reader, VID:PID; may be repeated."),
        transform: usbIdentity)
    var usb: [USBIdentity] = []

    @Option(
        help: hint("从这个描述文件（ID）取命令及其后内容。", "The id of a profile to take commands and what follows from."))
    var from: String?

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    @Argument(
        help: hint(
            "ID：小写字母、数字和连字符；文件名为 ID.json5。", "The id: small letters, digits and hyphens; the file is called ID.json5."
        ))
    var id: String

    private struct Report: Encodable {
        let id: String
        let path: String
    }

    func run() throws {
        let directory = try place.directory()
        let installed = driverPlaces.installed
        guard let skeleton = ProfileSkeleton(id: id, title: title, usb: usb, installed: installed) else {
            throw Complaint(
                usage: Text("这样的 ID 或名称不能用", "such an id or title cannot be used"),
                nextStep: Text(
                    "ID 用小写字母、数字和连字符，名称中不用引号、反斜杠或换行",
                    "take small letters, digits and hyphens for the id, and no quotes, backslashes or line ends for the title"
                ))
        }
        let text = try from.map { try Self.text(skeleton, from: $0, directory) } ?? skeleton.text
        let path = "\(directory)/\(id).json5"
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            guard !FileManager.default.fileExists(atPath: path) else {
                throw Complaint(
                    ComplaintCode.alreadyThere, .trouble, problem: Text("\(path) 已存在", "\(path) is there already"),
                    nextStep: Text("先删除它，或换一个 ID", "remove it first, or choose another id"))
            }
            let code = unsafe access(directory, W_OK) == 0 ? EIO : errno
            throw Complaint(
                notWritable: path, code,
                option: Text("用 --profiles 换一个可写的目录", "choose a directory that you may write to with --profiles"))
        }
        if json { return print(try jsonLine(Report(id: id, path: path))) }
        print(words("已新建 \(path)", "made \(path)"))
        let check = "yika profile check --profiles \(directory) \(id)"
        print(words("请按“\(check)”的提示填写", "fill in what '\(check)' tells"))
    }

    private static func text(_ skeleton: ProfileSkeleton, from id: String, _ directory: String) throws -> String {
        // An id is asked for, and a path would lead out of the directory.
        guard ProfileLibrary.load(directory: directory).profile(id: id) != nil,
            let source = try? String(contentsOfFile: "\(directory)/\(id).json5", encoding: .utf8)
        else {
            throw Complaint(
                usage: Text(
                    "--from：\(directory) 中没有可读的描述文件“\(id)”",
                    "--from: no profile '\(id)' in \(directory) that can be read"),
                nextStep: Text("执行 yika profile check 查看有哪些", "run yika profile check to see which there are"))
        }
        guard let copy = skeleton.text(from: source, origin: id) else {
            throw Complaint(
                usage: Text(
                    "--from：\(id).json5 中没有以“commands:”开头的行",
                    "--from: \(id).json5 has no line that begins with 'commands:'"),
                nextStep: Text("请手工复制", "copy it by hand"))
        }
        return copy
    }
}

extension Complaint {
    /// A profile's id that none has.
    fileprivate init(noProfile id: String, in directory: String, butThese ids: [String]) {
        self.init(
            usage: Text("\(directory) 中没有描述文件“\(id)”", "no profile '\(id)' in \(directory)"),
            nextStep: Text(
                "给出现有的一个：\(ids.joined(separator: "、"))", "name one of those there are: \(ids.joined(separator: ", "))"))
    }
}

/// Reads `072F:2200`.
@Sendable private func usbIdentity(_ text: String) throws -> USBIdentity {
    guard let identity = USBIdentity(text) else {
        throw ValidationError(
            words(
                "应为 VID:PID，各四位十六进制，如 072F:2200。",
                "Expected VID:PID, four hexadecimal digits each, as in 072F:2200."))
    }
    return identity
}

struct ProfileShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: words("显示一个描述文件的内容。", "Tell what a profile says."),
        discussion: ExitStatus.told(
            (.well, Text("已显示", "told")), ProfileTools.noFolder,
            (.configuration, Text("该描述文件有误", "the profile is malformed"))))

    @OptionGroup var place: ProfilePlace
    @OptionGroup var driverPlaces: DriverPlaces

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    @Argument(help: hint("描述文件的 ID。", "The profile's id."))
    var id: String

    func run() throws {
        let directory = try place.directory()
        let check = ProfileCheck(directory: directory, drivers: driverPlaces.installed)
        guard let profile = check.library.profile(id: id) else {
            guard let fault = check.findings(id: id).first else {
                throw Complaint(noProfile: id, in: directory, butThese: check.ids)
            }
            let place = Text(place: fault.path)
            func problem(_ language: Language) -> String {
                [fault.file, place[language], fault.text[language]].filter { !$0.isEmpty }
                    .joined(separator: language == .chinese ? "：" : ": ")
            }
            throw Complaint(
                fault.code.rawValue, .configuration, problem: Text(problem(.chinese), problem(.english)),
                nextStep: Text(fault.next(in: .chinese), fault.next(in: .english)))
        }
        let statement = check.drivers.statement(of: profile, in: Session.language)
        if json {
            print(try jsonLine(ProfileSummary(profile, statement)))
        } else {
            printTable(profile.rows(statement))
        }
    }
}

struct ProfileMatch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: words(
            "说明一台读卡器会用哪个描述文件，为什么。", "Tell which profile a reader would be used with, and why."),
        discussion: ExitStatus.told(
            (.well, Text("有描述文件", "there is a profile")),
            (
                .trouble,
                Text(
                    "不使用该读卡器：其他槽、仿品、不支持或未知",
                    "the reader is not used: another slot, a counterfeit, unsupported or unknown")
            ), ProfileTools.noFolder))

    @OptionGroup var place: ProfilePlace

    @Argument(help: hint("读卡器名称，以 pcscd 显示的为准。", "The reader's name, as pcscd shows it."))
    var name: String

    @Option(help: hint("它的 USB 设备 VID:PID。", "Its USB device, VID:PID."), transform: usbIdentity)
    var usb: USBIdentity?

    @Option(help: hint("设备版本，四位数字，如 0214。", "The device's version, four digits as in 0214."))
    var bcd: String?

    @Option(help: hint("它的 USB 接口号。", "The number of its USB interface."))
    var interface: Int?

    @Option(help: hint("设备的厂商文字。", "The manufacturer's text of the device."))
    var manufacturer: String?

    @Option(help: hint("设备的产品文字。", "The product's text of the device."))
    var product: String?

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    fileprivate struct Report: Encodable {
        let used: Bool
        /// The profile; left out for a reader that none knows.
        let profile: String?
        let why: String?
        let error: Failure.Particulars?
    }

    func validate() throws {
        if let bcd, bcd.utf8.count != 4 || UInt16(bcd, radix: 16) == nil {
            throw ValidationError(words("--bcd：应为四位数字，如 0214。", "--bcd: expected four digits, as in 0214."))
        }
        if usb == nil, bcd != nil || interface != nil || manufacturer != nil || product != nil {
            throw ValidationError(
                words(
                    "--bcd、--interface、--manufacturer 和 --product 须与 --usb 同用。",
                    "--bcd, --interface, --manufacturer and --product need --usb."))
        }
    }

    func run() throws {
        let library = ProfileLibrary.load(directory: try place.directory())
        if !json {
            for error in library.errors {
                complain(words("\(error.text.chinese)；已跳过", "\(error); passed over"))
            }
        }
        let device = usb.map {
            USBDevice(
                $0, bcdDevice: bcd.flatMap { UInt16($0, radix: 16) }, interface: interface, manufacturer: manufacturer,
                product: product)
        }
        switch library.find(readerName: name, usb: device) {
        case .match(let match):
            if !json { print("\(match.profile.id)\(words("：", ": "))\(match.reason.here)") }
            guard !match.profile.isUsable else {
                if json { print(try jsonLine(Report(match, nil))) }
                return
            }
            let (support, why) = (match.profile.support.text, match.profile.supportReason)
            try refuse(
                Text("\(support.chinese)，\(why ?? "未说明原因")", "\(support.english), \(why ?? "no reason given")"), match)
        case .otherSlot(let match):
            try refuse(
                Text(
                    "是 \(match.profile.id) 的一个不读非接触卡的槽：\(match.reason.chinese)",
                    "a slot of \(match.profile.id) that takes no contactless card: \(match.reason.english)"), match)
        case .counterfeit(let match):
            try refuse(
                Text(
                    "冒充 \(match.profile.id)：\(match.reason.chinese)",
                    "pretends to be \(match.profile.id): \(match.reason.english)"), match)
        case .unknown:
            try refuse(
                Text("没有描述文件认识此读卡器，也没有兜底的", "no profile knows this reader, and none is the fallback"), nil)
        }
    }

    /// Tells why the reader is not used, and what to do about it, and ends so.
    private func refuse(_ why: Text, _ match: ProfileLibrary.Match?) throws -> Never {
        let complaint = Complaint(
            ComplaintCode.readerNotUsed, .trouble, problem: Text("不使用：\(why.chinese)", "not used: \(why.english)"),
            nextStep: Text(
                "更换为 yika profile check 列为“支持”或“应可使用”的型号", Notice.readerNotUsable.nextStep.english))
        if json {
            print(try jsonLine(Report(match, Failure.Particulars(complaint))))
        } else {
            print(complaint.problem.here)
            print(words("下一步：", "next: ") + complaint.nextStep.here)
        }
        throw ExitCode(.trouble)
    }
}

extension ProfileMatch.Report {
    fileprivate init(_ match: ProfileLibrary.Match?, _ error: Failure.Particulars?) {
        self.init(used: error == nil, profile: match?.profile.id, why: match?.why, error: error)
    }
}
