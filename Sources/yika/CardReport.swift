import Activation
import CampusCard
import DeviceProfiles
import Diagnosis
import Health
import Mifare
import Platform

/// What `yika card read` tells. Numbers of cards, holders and accounts only by their end.
struct CardReport: Encodable {
    enum State: String, Encodable {
        /// Ours, and in order.
        case active
        /// Old and not activated yet.
        case old
        /// Ours, and neither copy of its record is valid.
        case damaged
        /// Nothing of ours, and nothing of the old system's.
        case foreign
    }

    let reader: String
    let profile: String
    let card: String
    let family: String
    let state: State
    let holder: String?
    let smallPurseFen: Int64?
    let account: String?
    let sector: Int?
    let sequence: UInt32?
    let allowanceFen: Int64?
    let lastTerminal: UInt16?
    let hints: [String]
    let apdus: Int
    let milliseconds: Double

    init(_ survey: CardSurvey, reader: String, profile: String) {
        (self.reader, self.profile) = (reader, profile)
        card = survey.uid.masked
        family = "\(survey.family)"
        let old = try? survey.old.get()
        holder = old.map { Self.masked($0.holderNumber) }
        smallPurseFen = old?.smallPurse?.rawValue
        let ours = try? survey.ours.get()
        account = ours.map { Self.masked("\($0.identity.account)") }
        sector = ours?.sector
        sequence = ours?.record.sequence
        allowanceFen = ours?.record.allowance.rawValue
        lastTerminal = ours?.record.terminal
        hints = survey.hints.names
        apdus = survey.exchanges.count
        milliseconds = Self.sum(survey)
        state = Self.state(survey)
    }

    private static func state(_ survey: CardSurvey) -> State {
        switch survey.ours {
        case .success: return .active
        case .failure(.damaged): return .damaged
        case .failure: return (try? survey.old.get()) == nil ? .foreign : .old
        }
    }

    private static func sum(_ survey: CardSurvey) -> Double {
        (survey.exchanges.compactMap(\.milliseconds).reduce(0, +) * 10).rounded() / 10
    }

    /// The last three signs, which are enough to compare with a card in one's hand.
    static func masked(_ number: String) -> String { "…" + number.suffix(3) }

    func show() {
        var rows: [(String, String)] = [
            (words("读卡器", "reader"), "\(reader), \(profile)"), (words("卡片", "card"), "\(card), \(family)"),
            (words("状态", "state"), stateText),
        ]
        if let holder { rows.append((words("学工号", "holder"), holder)) }
        if let smallPurseFen { rows.append((words("小钱包", "small purse"), "¥\(Fen(smallPurseFen))")) }
        if let account, let sector, let sequence, let allowanceFen {
            rows.append((words("账户", "account"), account))
            rows.append(
                (
                    words("额度", "allowance"),
                    words(
                        "¥\(Fen(allowanceFen))，第 \(sequence) 次，扇区 \(sector)，上次终端 \(lastTerminal ?? 0)",
                        "¥\(Fen(allowanceFen)), use \(sequence), sector \(sector), last at terminal \(lastTerminal ?? 0)"
                    )
                ))
        }
        if !hints.isEmpty { rows.append((words("可疑之处", "hints"), hints.joined(separator: ", "))) }
        rows.append(
            (words("用时", "took"), words("\(apdus) 条命令，\(milliseconds) 毫秒", "\(apdus) commands, \(milliseconds) ms")))
        printTable(rows)
    }

    private var stateText: String {
        switch state {
        case .active: words("已激活", "active")
        case .old: words("旧卡，尚未激活", "old, not activated yet")
        case .damaged: words("已激活，但记录损坏", "active, and its record is damaged")
        case .foreign: words("不是本校的卡", "not a card of this campus")
        }
    }
}

/// What `yika card dump` tells of one sector.
struct SectorLine: Encodable {
    struct Line: Encodable {
        let block: Int
        let kind: String
        let data: String?
    }

    let sector: Int
    let key: String?
    let type: String?
    let access: String?
    let blocks: [Line]

    init(_ sector: CardSurvey.Sector, showsData: Bool) {
        self.sector = sector.number
        key = sector.key
        type = sector.type.map { "\($0)" }
        access = sector.access.map { "\($0)" }
        let first = ClassicSize.firstBlock(ofSector: sector.number)
        blocks = sector.blocks.enumerated().map { index, content in
            Line(
                block: first + index, kind: Self.kind(content, first + index),
                data: showsData ? content.map { $0.bytes.hex(separator: " ") } : nil)
        }
    }

    private static func kind(_ content: Block?, _ block: Int) -> String {
        guard let content else { return "unreadable" }
        if ClassicSize.isTrailer(block) { return "trailer" }
        if block == 0 { return "manufacturer" }
        if content == .zero { return "empty" }
        return ValueBlock(content) == nil ? "data" : "value"
    }

    func show() {
        let opened = key.map { "\($0) (\(type ?? ""))" } ?? words("没有密钥能打开", "no key opens it")
        print("\(Report.bold(words("扇区 \(sector)", "sector \(sector)")))  \(opened)  \(access ?? "")")
        for block in blocks { print("  \(block.block)  \(kindText(block.kind))  \(block.data ?? "")") }
    }

    private func kindText(_ kind: String) -> String {
        switch kind {
        case "unreadable": words("不可读", kind)
        case "trailer": words("尾块（密钥不显示）", "trailer, keys hidden")
        case "manufacturer": words("厂商块", kind)
        case "empty": words("空", kind)
        case "value": words("钱包值", kind)
        default: words("数据", kind)
        }
    }
}

/// What `yika card check` tells.
struct CardVerdict: Encodable {
    struct Item: Encodable {
        let check: String
        let well: Bool
        let detail: String
        let nextStep: String?
        fileprivate let words: (detail: Text, nextStep: Text?)

        private enum CodingKeys: String, CodingKey { case check, well, detail, nextStep }

        init(_ check: String, _ well: Bool, _ detail: Text, _ nextStep: Text? = nil) {
            (self.check, self.well) = (check, well)
            self.detail = detail.english
            self.nextStep = nextStep?.english
            words = (detail, nextStep)
        }
    }

    let card: String
    let items: [Item]
    let isWell: Bool

    private enum CodingKeys: String, CodingKey {
        case card, items
        case isWell = "well"
    }

    init(_ found: CardPlace.Found) {
        let survey = found.survey
        card = survey.uid.masked
        items = [
            Self.old(survey), Self.ours(survey), Self.room(survey, found), Self.access(survey, found),
            Self.hints(survey),
        ]
        isWell = items.allSatisfy(\.well)
    }

    private static let replace = Text("到卡务中心换卡", "have the card replaced at the card centre")

    private static func old(_ survey: CardSurvey) -> Item {
        switch survey.old {
        case .success(let old):
            let purse = old.smallPurse.map { "¥\($0)" } ?? "?"
            return Item(
                "old-application", true, Text("旧应用可读，小钱包 \(purse)", "the old application reads, small purse \(purse)"))
        case .failure(.wrongKeys):
            return Item(
                "old-application", false, Text("旧应用的密钥不符", "the keys of the old application are others"),
                Notice.unknownCard.nextStep)
        case .failure(.undecodableIdentity):
            return Item("old-application", false, Notice.cardUnreadable.title, Notice.cardUnreadable.nextStep)
        case .failure(let problem):
            return Item(
                "old-application", false, Text("旧应用读不出：\(problem)", "the old application does not read: \(problem)"),
                replace)
        }
    }

    private static func ours(_ survey: CardSurvey) -> Item {
        switch survey.ours {
        case .success(let state):
            return Item(
                "campus-application", true,
                Text("已激活，扇区 \(state.sector)，MAC 正确", "active in sector \(state.sector), its MAC is right"))
        case .failure(.notOurs):
            return Item("campus-application", true, Text("尚未激活", "not activated yet"))
        case .failure(.damaged(let sector)):
            return Item(
                "campus-application", false,
                Text("扇区 \(sector) 的两份记录都无效", "both copies in sector \(sector) are invalid"), replace)
        case .failure(let problem):
            return Item("campus-application", false, Text("读不出：\(problem)", "does not read: \(problem)"), replace)
        }
    }

    /// Whether a sector is left that an activation can claim.
    private static func room(_ survey: CardSurvey, _ found: CardPlace.Found) -> Item {
        if case .success = survey.ours { return Item("free-sector", true, Text("不需要", "none is needed any more")) }
        let free = survey.sectors.filter { sector in
            found.layout.ours.candidates.contains(sector.number) && sector.key != nil
                && sector.blocks.dropLast().allSatisfy { $0 == .zero }
        }
        guard let first = free.first else {
            return Item(
                "free-sector", false, Text("没有可用的扇区", "no candidate sector is free"), Notice.chipDefective.nextStep)
        }
        return Item(
            "free-sector", true, Text("\(free.count) 个，首选 \(first.number)", "\(free.count), \(first.number) first"))
    }

    private static func access(_ survey: CardSurvey, _ found: CardPlace.Found) -> Item {
        guard case .success(let state) = survey.ours, let wanted = AccessBits(found.layout.ours),
            let sector = survey.sectors.first(where: { $0.number == state.sector })
        else { return Item("access-bits", true, Text("不适用", "does not apply")) }
        let isRight = sector.access == wanted
        return Item(
            "access-bits", isRight,
            isRight ? Text("符合布局", "as the layout wants them") : Text("与布局不符", "other than the layout wants them"),
            isRight ? nil : replace)
    }

    private static func hints(_ survey: CardSurvey) -> Item {
        let names = survey.hints.names.joined(separator: ", ")
        guard !survey.hints.isEmpty else {
            return Item("clone-hints", true, Text("没有可疑之处", "nothing speaks for a copy"))
        }
        return Item(
            "clone-hints", false, Text("可疑：\(names)", "hints of a copied card: \(names)"),
            Text("将卡片交给卡务中心核对", "have the card centre look at it"))
    }

    func show() {
        for item in items {
            print(
                "\(Report.sign(item.well ? .well : .severe)) \(item.check)\(words("：", ": "))\(item.words.detail.here)")
            if let next = item.words.nextStep { print("  → \(next.here)") }
        }
    }
}

/// What `yika card activate --dry-run` tells.
struct RehearsalReport: Encodable {
    struct Line: Encodable {
        let what: String
        let status: String
        let milliseconds: Double
    }

    let reader: String
    let ending: String
    let code: String
    let apdus: Int
    let apduBudget: Int
    let milliseconds: Int64
    let millisecondBudget: Int64
    let latencyMilliseconds: Int
    let withinBudget: Bool
    let steps: [Line]
    private let notice: Notice
    var isWell: Bool { withinBudget && [Notice.activated, .alreadyActive].contains(notice) }

    private enum CodingKeys: String, CodingKey {
        case reader, ending, code, apdus, apduBudget, milliseconds, millisecondBudget, latencyMilliseconds, withinBudget
        case steps
    }

    init(_ rehearsal: Rehearsal, reader: String) {
        self.reader = reader
        notice = Self.notice(rehearsal.ending)
        (ending, code) = (notice.id, notice.code)
        apdus = rehearsal.steps.count
        apduBudget = Rehearsal.apduBudget
        milliseconds = rehearsal.milliseconds
        millisecondBudget = Rehearsal.millisecondBudget
        latencyMilliseconds = rehearsal.latencyMilliseconds
        withinBudget = rehearsal.isWithinBudget
        steps = rehearsal.steps.map {
            let status = $0.status.map { String($0, radix: 16, uppercase: true) } ?? "-"
            return Line(what: $0.what, status: status, milliseconds: $0.milliseconds)
        }
    }

    private static func notice(_ ending: ActivationEnding) -> Notice {
        switch ending {
        case .activated: .activated
        case .alreadyActive: .alreadyActive
        case .refused(.unknownCard): .unknownCard
        case .refused(.unreadable): .cardUnreadable
        case .refused: .noPermission
        case .leftUntouched: .tapAgain
        case .unknown: .removedEarly
        case .chipDefective: .chipDefective
        case .outOfService: .terminalOutOfService
        }
    }

    func show() {
        var total = 0.0
        for (index, step) in steps.enumerated() {
            total += step.milliseconds
            print("\(index + 1)\t\(Int(total)) ms\t\(step.status)\t\(step.what)")
        }
        print("")
        printTable([
            (words("结果", "ending"), "[\(code)] \(notice.title.here)"),
            (words("命令", "commands"), words("\(apdus) 条，预算 \(apduBudget)", "\(apdus), budget \(apduBudget)")),
            (
                words("用时", "card work"),
                words(
                    "\(milliseconds) 毫秒，预算 \(millisecondBudget)；实测每条 \(latencyMilliseconds) 毫秒",
                    "\(milliseconds) ms, budget \(millisecondBudget); \(latencyMilliseconds) ms a command on this reader"
                )
            ),
        ])
        print(
            "\(Report.sign(isWell ? .well : .severe)) "
                + (isWell
                    ? words("会成功，且在预算内；卡片未改动。", "would succeed within the budget; the card was not written.")
                    : words(
                        "不会成功，或超出预算；卡片未改动。", "would not succeed, or not within the budget; the card was not written.")))
    }
}
