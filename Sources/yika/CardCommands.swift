import Activation
import ArgumentParser
import CampusCard
import DataFiles
import DeviceProfiles
import Diagnosis
import Glibc
import Health
import Mifare
import Platform
import SmartCard
import Terminal

/// What can be asked of a card.
struct CardTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card", abstract: words("查看一张卡片，不写卡。", "Look at a card; none of these writes to it."),
        discussion: discussion, subcommands: [CardRead.self, CardDump.self, CardCheck.self, CardActivate.self])

    static let discussion =
        words(
            "yikad 正在运行时，先向它借用读卡器，用完归还；借用期间放上的卡不会被处理。密钥和 PIN 从不显示，号码只显示末尾。",
            """
            Where the daemon runs, it is asked for the reader and gets it back; cards laid down meanwhile are not served. \
            Keys and PINs are never shown, numbers only by their end.
            """) + "\n\n"
        + ExitStatus.told(
            (.well, Text("正常", "well")),
            (.trouble, Text("卡片有问题，已说明", "something is wrong with the card, and was told")),
            (.unreachable, Text("没有读卡器或卡片", "no reader, or no card")), also: [.notAllowed, .configuration])
}

/// Which card, on which reader.
struct CardPlace: ParsableArguments {
    @OptionGroup var place: TerminalPlace

    @Option(help: hint("读卡器名称的一部分。", "A part of the reader's name in pcscd."))
    var reader: String?

    @Option(help: hint("等待卡片的秒数。", "Seconds to wait for a card."))
    var wait: Int64 = 30

    /// A card and what it is to be read by.
    struct Found {
        let reader: BorrowedReader
        let layout: CardLayout
        let keys: FileKeyRing
        let survey: CardSurvey
    }

    func survey(everySector: Bool) throws(Complaint) -> Found {
        let configuration = try place.configuration()
        let layout: CardLayout
        let keys: FileKeyRing
        do throws(DataFileError) {
            layout = try CardLayout.load(path: configuration.profiles + "/cards/\(configuration.cardLayout).json5")
            keys = try FileKeyRing(path: configuration.keys)
        } catch {
            throw .configurationInvalid(error)
        }
        let profiles = ProfileLibrary.load(directory: configuration.profiles + "/readers")
        let reader = try BorrowedReader(reader, place, profiles: profiles)
        var bar = ProgressBar(words("读卡", "reading"))
        defer { bar.end() }
        // pcscd looks at its readers now and then: a card laid down in another's place is first taken for that one.
        for attempt in 1...Self.attempts {
            let card = try reader.card(waitingSeconds: wait)
            do throws(ClassicError) {
                let survey = try CardSurvey.take(
                    card, dialect: reader.profile, layout: layout, keys: keys, time: SystemTime(),
                    everySector: everySector
                ) { bar.show($0, of: $1) }
                return Found(reader: reader, layout: layout, keys: keys, survey: survey)
            } catch {
                guard error.isCardGone, attempt < Self.attempts else { throw Self.complaint(error) }
            }
            SystemTime().sleep(milliseconds: Self.settleMilliseconds)
        }
        throw .noCard(reader.name)
    }

    private static let attempts = 3
    /// Longer than pcscd takes between two looks at a reader, 400 ms.
    private static let settleMilliseconds: Int64 = 500

    private static func complaint(_ error: ClassicError) -> Complaint {
        Complaint(
            ComplaintCode.cardFailed, .trouble, problem: Text("读卡失败：\(error)", "the card could not be read: \(error)"),
            nextStep: Text("重新放好卡片再试", "lay the card down again"))
    }
}

struct CardRead: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: words("说明卡片是什么、属于谁、处于什么状态。", "Tell what the card is, whose, and how it stands."),
        discussion: CardTools.discussion)

    @OptionGroup var card: CardPlace

    func run() throws {
        let found = try card.survey(everySector: false)
        let report = CardReport(found.survey, reader: found.reader.name, profile: found.reader.profile.id)
        if card.place.json { print(try jsonLine(report)) } else { report.show() }
        fflush(nil)
        if report.state == .damaged { throw ExitCode(ExitStatus.trouble.rawValue) }
    }
}

struct CardDump: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: words("逐扇区列出卡片内容。", "List what the card holds, sector by sector."),
        discussion: words(
            "不加 --hex 只说明每块的性质。密钥从不显示。\n\n", "Without --hex only what each block is. Keys are never shown.\n\n")
            + CardTools.discussion)

    @OptionGroup var card: CardPlace

    @Flag(help: hint("显示数据，其中有持卡人的信息。", "Show the data, a holder's among it."))
    var hex = false

    func run() throws {
        let survey = try card.survey(everySector: true).survey
        for sector in survey.sectors {
            let line = SectorLine(sector, showsData: hex)
            if card.place.json { print(try jsonLine(line)) } else { line.show() }
        }
    }
}

struct CardCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: words("检查卡片是否正常，并说明下一步。", "Tell whether all is well with the card, and what to do if not."),
        discussion: CardTools.discussion)

    @OptionGroup var card: CardPlace

    func run() throws {
        let verdict = CardVerdict(try card.survey(everySector: true))
        if card.place.json { print(try jsonLine(verdict)) } else { verdict.show() }
        fflush(nil)
        if !verdict.isWell { throw ExitCode(ExitStatus.trouble.rawValue) }
    }
}

struct CardActivate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate",
        abstract: words("预演激活并计时，不写卡。", "Rehearse an activation and time it; the card is not written."),
        discussion: words(
            """
            先只读真卡，再在其副本上按此读卡器的实测速度完整激活一次，并与预算比较。不询问账务中心。激活真卡由 yikad 完成。

            """,
            """
            The card is read, and a copy of it is taken through the whole handshake at the speed measured on this reader, \
            beside the budget. The ledger is not asked. To activate a card is the daemon's alone.

            """) + CardTools.discussion)

    @OptionGroup var card: CardPlace

    @Flag(help: hint("必须给出：只有预演。", "Has to be given: there is nothing but the rehearsal."))
    var dryRun = false

    func validate() throws {
        guard dryRun else {
            throw ValidationError(
                words("请加 --dry-run；真正的激活由 yikad 完成。", "Give --dry-run; to activate a card is the daemon's alone."))
        }
    }

    func run() throws {
        let found = try card.survey(everySector: true)
        guard
            let rehearsal = Rehearsal(
                of: found.survey, dialect: found.reader.profile, layout: found.layout, keys: found.keys)
        else {
            throw Complaint(
                ComplaintCode.cardFailed, .trouble,
                problem: Text("读到的内容太少，无法预演", "too little of the card could be read to rehearse"),
                nextStep: Text("执行 yika card check", "run yika card check"))
        }
        let report = RehearsalReport(rehearsal, reader: found.reader.name)
        if card.place.json { print(try jsonLine(report)) } else { report.show() }
        fflush(nil)
        if !report.isWell { throw ExitCode(ExitStatus.trouble.rawValue) }
    }
}
