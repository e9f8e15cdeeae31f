import Platform

/// How a tap ended, as the screen, the log and the help desk name it. A: activation.
extension Notice {
    /// Every outcome there is.
    public static let outcomes: [Notice] = [
        .activated, .alreadyActive, .noAccount, .activeElsewhere, .reportedLost, .unknownCard, .cardUnreadable,
        .noPermission, .oneCardOnly, .tapAgain, .removedEarly, .chipDefective, .terminalOutOfService,
        .activationClosed,
    ]

    /// The card became active.
    public static let activated = Notice(
        "YK-A00", "activated", .holder,
        title: Text("卡片激活成功", "card activated"),
        nextStep: Text("请取走卡片", "take the card"))

    /// The card had been active before.
    public static let alreadyActive = Notice(
        "YK-A01", "already-active", .holder,
        title: Text("卡片已激活", "the card is active already"),
        nextStep: Text("请取走卡片", "take the card"))

    /// The holder has no account yet.
    public static let noAccount = Notice(
        "YK-A02", "no-account", .holder,
        title: Text("尚未开户", "no account was opened for this holder"),
        nextStep: Text("先在手机应用中开通账户", "open the account in the app first"))

    /// The account is active on another card.
    public static let activeElsewhere = Notice(
        "YK-A03", "active-elsewhere", .holder,
        title: Text("账户已激活另一张卡", "the account is active on another card"),
        nextStep: Text("到卡务中心办理", "go to the card centre"))

    /// The card was reported lost.
    public static let reportedLost = Notice(
        "YK-A04", "reported-lost", .holder,
        title: Text("卡片已挂失", "the card was reported lost"),
        nextStep: Text("在手机应用中解挂，或到卡务中心办理", "report it found in the app, or go to the card centre"))

    /// Not a card of this campus.
    public static let unknownCard = Notice(
        "YK-A05", "unknown-card", .holder,
        title: Text("无法识别此卡", "not a card of this campus"),
        nextStep: Text("换用校园卡，或到卡务中心办理", "use the campus card, or go to the card centre"))

    /// The old application names no holder.
    public static let cardUnreadable = Notice(
        "YK-A06", "card-unreadable", .holder,
        title: Text("卡片身份信息无法读取", "the card does not say whose it is"),
        nextStep: Text("到卡务中心换卡", "have the card replaced at the card centre"))

    /// Nobody can be asked.
    public static let noPermission = Notice(
        "YK-A07", "roster-too-old", .holder,
        title: Text("网络未连接，暂时无法激活", "no network and no roster to go by"),
        nextStep: Text("稍后再试，或换一台终端", "try later, or at another kiosk"))

    /// Two cards in the field.
    public static let oneCardOnly = Notice(
        "YK-A08", "one-card-only", .holder,
        title: Text("检测到两张卡", "two cards are on the reader"),
        nextStep: Text("一次只放一张卡", "lay down one card at a time"))

    /// The card left before anything was written.
    public static let tapAgain = Notice(
        "YK-A09", "tap-again", .holder,
        title: Text("卡片移开过早，未作改动", "the card left too early; nothing was changed"),
        nextStep: Text("请重新放卡", "lay the card down again"))

    /// The card left while it was being written.
    public static let removedEarly = Notice(
        "YK-A10", "card-removed-early", .holder,
        title: Text("卡片移开过早，激活未完成", "the card left while it was being activated"),
        nextStep: Text("请重新放卡，激活会继续完成", "lay the card down again; activation goes on from there"))

    /// No sector can be written.
    public static let chipDefective = Notice(
        "YK-A11", "card-defective", .holder,
        title: Text("卡片芯片损坏", "the chip takes no more data"),
        nextStep: Text("到卡务中心免费换卡", "have the card replaced free at the card centre"))

    /// The terminal cannot serve.
    public static let terminalOutOfService = Notice(
        "YK-A12", "out-of-service", .holder,
        title: Text("终端暂停服务", "this terminal is out of service"),
        nextStep: Text("换一台终端", "use another kiosk"))

    /// The days of activation are over.
    public static let activationClosed = Notice(
        "YK-A13", "activation-closed", .holder,
        title: Text("集中激活已结束", "the days of activation are over"),
        nextStep: Text("到卡务中心补办激活", "go to the card centre, which can still let the card through"))
}
