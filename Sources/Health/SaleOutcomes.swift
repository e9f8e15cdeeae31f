import Platform

/// How an order at a till ended, as the screen, the log and the help desk name it. B: buying.
extension Notice {
    /// Every outcome of an order there is.
    public static let saleOutcomes: [Notice] = [
        .paid, .paidBefore, .voided, .refunded, .practised, .shown, .pinNeeded, .saleTapAgain, .saleInDoubt,
        .tillOutOfService, .saleNotActivated, .saleCardDamaged, .saleReportedLost, .saleNoAccount, .saleAccountClosed,
        .saleCardReplaced, .balanceTooLow, .allowanceTooLow, .overSaleLimit, .saleHotlistTooOld, .overDayLimit,
        .overMealLimit, .pinNeedsNetwork, .pinWrong, .pinLocked, .justPaid, .anotherCard, .saleTwoCards, .notVoidable,
        .noOrder, .cardWornOut, .codeNotOurs, .codeIncomplete, .codeExpired, .codeUsed, .codeOverCap, .faceNotTaken,
    ]

    private static func sale(_ number: Int, _ id: String, _ title: Text, _ nextStep: Text) -> Notice {
        Notice("YK-B" + (number < 10 ? "0" : "") + String(number), id, .holder, title: title, nextStep: nextStep)
    }

    /// The holder has paid.
    public static let paid = sale(0, "paid", Text("付款成功", "paid"), Text("请取餐", "enjoy your meal"))
    /// The holder had paid this before.
    public static let paidBefore = sale(
        1, "paid-before", Text("本单已付款", "this was paid already"),
        Text("请取餐，不会重复扣款", "enjoy your meal; nothing is paid twice"))
    /// A sale was taken back.
    public static let voided = sale(
        2, "voided", Text("上一笔已撤销", "the last sale was taken back"), Text("款项已退回账户", "the money is back on the account")
    )
    /// Money was given back.
    public static let refunded = sale(
        3, "refunded", Text("已退款", "money was given back"), Text("款项已退回账户", "the money is back on the account"))
    /// Practice.
    public static let practised = sale(
        4, "practised", Text("练习：未扣款", "practice: nothing was paid"),
        Text("按“练习”键结束练习", "press “training” to end practice"))
    /// What there is.
    public static let shown = sale(
        5, "shown", Text("余额查询", "what there is"), Text("请收银员输入金额", "have the cashier enter an amount"))
    /// The six digits are needed.
    public static let pinNeeded = sale(
        6, "pin-needed", Text("请输入六位消费密码", "enter your six digits"), Text("输入后请再刷卡", "then show the card again"))
    /// The card left before anything was written.
    public static let saleTapAgain = sale(
        7, "tap-again", Text("卡片移开过早，未扣款", "the card left too early; nothing was paid"),
        Text("请重新刷卡", "show the card again"))
    /// The card left while it was written.
    public static let saleInDoubt = sale(
        8, "in-doubt", Text("卡片移开过早，结果待确认", "the card left too early; it is not known whether this is paid"),
        Text("请用同一张卡再刷一次，不会重复扣款", "show the same card again; nothing is paid twice"))
    /// The terminal cannot sell.
    public static let tillOutOfService = sale(
        9, "out-of-service", Text("终端暂停服务", "this terminal is out of service"), Text("换一个窗口", "use another counter"))
    /// Never activated, or none of this campus.
    public static let saleNotActivated = sale(
        10, "not-activated", Text("卡片未激活", "the card is not active"), Text("先到激活机激活卡片", "activate it at a kiosk first"))
    /// The record on the card reads as nothing of ours.
    public static let saleCardDamaged = sale(
        11, "card-damaged", Text("卡片数据无法读取", "the card cannot be read"),
        Text("再刷一次；仍不行请到激活机", "show it again; if that does not help, lay it on a kiosk"))
    /// Reported lost.
    public static let saleReportedLost = sale(
        12, "reported-lost", Text("卡片已挂失", "the card was reported lost"),
        Text("在手机应用中解挂，或到卡务中心办理", "report it found in the app, or go to the card centre"))
    /// No account.
    public static let saleNoAccount = sale(
        13, "no-account", Text("账户不存在", "there is no such account"), Text("到卡务中心办理", "go to the card centre"))
    /// Closed.
    public static let saleAccountClosed = sale(
        14, "account-closed", Text("账户已注销", "the account is closed"), Text("到卡务中心办理", "go to the card centre"))
    /// Replaced by another card.
    public static let saleCardReplaced = sale(
        15, "card-replaced", Text("此卡已被新卡替换", "this card was replaced by another"),
        Text("请使用新卡", "use the new card"))
    /// Not enough money.
    public static let balanceTooLow = sale(
        16, "balance-too-low", Text("余额不足", "the balance is too low"), Text("请在手机应用中充值", "top up in the app"))
    /// Not enough without a network.
    public static let allowanceTooLow = sale(
        17, "allowance-too-low", Text("网络未连接，额度不足", "no network, and the allowance is too low"),
        Text("换联网窗口，或减少金额", "try a counter with a network, or less"))
    /// More than one sale may be.
    public static let overSaleLimit = sale(
        18, "over-sale-limit", Text("超过单笔限额", "more than one sale may be"),
        Text("请分笔或减少金额", "divide it, or use a smaller amount"))
    /// Too much for a hotlist of this age.
    public static let saleHotlistTooOld = sale(
        19, "hotlist-too-old", Text("挂失名单过旧，暂限小额", "the hotlist is too old for this amount"),
        Text("换联网窗口，或减少金额", "try a counter with a network, or less"))
    /// The day's limit.
    public static let overDayLimit = sale(
        20, "over-day-limit", Text("超过当日限额", "more than may be spent in a day"),
        Text("明天再用，或到卡务中心办理", "try tomorrow, or go to the card centre"))
    /// The meal's limit.
    public static let overMealLimit = sale(
        21, "over-meal-limit", Text("超过本餐限额", "more than may be spent in this meal"),
        Text("请减少金额", "use a smaller amount"))
    /// The PIN cannot be checked.
    public static let pinNeedsNetwork = sale(
        22, "pin-needs-network", Text("此金额须联网验证密码", "this amount needs the code and a network"),
        Text("换联网窗口，或减少金额", "try a counter with a network, or less"))
    /// Wrong digits.
    public static let pinWrong = sale(
        23, "pin-wrong", Text("密码错误", "the six digits are wrong"),
        Text("请重新刷卡并输入", "show the card and enter them again"))
    /// Wrong too often.
    public static let pinLocked = sale(
        24, "pin-locked", Text("密码已锁定", "too many wrong codes: locked for a while"),
        Text("稍后再试，或到卡务中心", "try later, or go to the card centre"))
    /// The card has just paid.
    public static let justPaid = sale(
        25, "just-paid", Text("此卡刚刚已付款", "this card has just paid"), Text("请取餐；下一位请刷卡", "enjoy your meal; next, please")
    )
    /// Another card began this.
    public static let anotherCard = sale(
        26, "another-card", Text("请用刚才那张卡", "another card began this"),
        Text("请刷刚才那张卡，或由收银员取消", "show that card, or have the cashier give it up"))
    /// Two cards.
    public static let saleTwoCards = sale(
        27, "one-card-only", Text("检测到两张卡", "two cards are on the reader"), Text("一次只放一张卡", "show one card at a time"))
    /// Nothing to take back.
    public static let notVoidable = sale(
        28, "not-voidable", Text("没有可撤销的交易", "there is no sale to take back"),
        Text("用“退款”退还金额", "give the amount back with “refund”"))
    /// Nothing asked for.
    public static let noOrder = sale(
        29, "no-order", Text("尚未输入金额", "no amount was entered"), Text("请收银员输入金额", "have the cashier enter an amount"))
    /// Its counter is at its end.
    public static let cardWornOut = sale(
        30, "card-worn-out", Text("卡片使用次数已满", "the card was used as often as it can count"),
        Text("到卡务中心换卡", "have it replaced at the card centre"))
    /// Another app's code.
    public static let codeNotOurs = sale(
        31, "code-not-ours", Text("不是本校付款码", "not a payment code of this campus"),
        Text("请打开校园卡付款码", "open the campus card's payment code"))
    /// Half a code.
    public static let codeIncomplete = sale(
        32, "code-incomplete", Text("付款码未扫全", "the code was not read whole"),
        Text("请将手机屏幕正对扫码口", "hold the screen straight before the scanner"))
    /// Its minute is over.
    public static let codeExpired = sale(
        33, "code-expired", Text("付款码已过期", "the payment code has expired"), Text("请刷新付款码", "refresh the payment code"))
    /// Used before.
    public static let codeUsed = sale(
        34, "code-used", Text("付款码已使用", "the payment code was used before"), Text("请刷新付款码", "refresh the payment code"))
    /// The account's codes have spent what they may here.
    public static let codeOverCap = sale(
        35, "code-over-cap", Text("扫码额度不足", "payment codes have spent what they may"),
        Text("请刷卡，或换联网窗口", "use the card, or a counter with a network"))
    /// The face is not taken.
    public static let faceNotTaken = sale(
        36, "face-not-taken", Text("人脸未通过", "the face is not taken"),
        Text("请刷卡或出示付款码", "show the card or a payment code"))
}
