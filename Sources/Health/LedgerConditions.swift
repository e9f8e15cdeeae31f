import Platform

/// Faults on the way to the ledger.
extension Notice {
    static let ledgerConditions: [Notice] = [
        .ledgerUnreachable, .ledgerRefuses, .terminalFrozen, .rosterTooOld, .hotlistTooOld, .credentialExpires,
        .feedRefused, .feedNotStored, .epochNotRegistered, .ledgerUntrusted, .clockWrong, .notALedger, .networkDown,
        .credentialExpired, .notEnrolled,
    ]

    /// The ledger does not answer; records wait on the terminal.
    public static let ledgerUnreachable = Notice(
        "YK-N01", "ledger-unreachable", .degraded,
        title: Text("无法连接账务中心，记录暂存本机", "the ledger does not answer; records are kept here"),
        impact: Text("按离线规则服务，余额不更新", "offline rules decide, balances are not renewed"),
        nextStep: Text("检查网线和配置中的 ledger.url", "check the network cable and ledger.url in the configuration"),
        dependsOn: ["YK-N13"], visibleAfterSeconds: 15)

    /// The ledger answers, but refuses this terminal or speaks nonsense.
    public static let ledgerRefuses = Notice(
        "YK-N02", "ledger-refuses", .degraded,
        title: Text("账务中心拒绝本终端", "the ledger refuses this terminal"),
        impact: Text("记录不能上传，按离线规则服务", "records stay here; offline rules decide"),
        nextStep: Text("核对终端编号和凭证", "compare the terminal's number and credentials with the ledger's"),
        visibleAfterSeconds: 5)

    /// The ledger has frozen this terminal: two histories of one journal were seen.
    public static let terminalFrozen = Notice(
        "YK-N03", "terminal-frozen", .outOfService,
        title: Text("本终端已被账务中心冻结", "the ledger has frozen this terminal"),
        impact: Text("不再上传，也不得继续使用", "records are not taken and the terminal must rest"),
        nextStep: Text("保留存储卡并联系卡务中心", "keep the storage as it is and call the card centre"))

    /// The signed roster is missing or too old to decide by.
    public static let rosterTooOld = Notice(
        "YK-N04", "roster-too-old", .degraded,
        title: Text("激活名单过期或缺失", "the activation roster is missing or too old"),
        impact: Text("离线时不能激活卡片", "no card can be activated offline"),
        nextStep: Text("恢复网络后名单会自动更新", "bring the network back; the roster then renews itself"), visibleAfterSeconds: 60
    )

    /// The signed hotlist is missing although it was there, or too old to be believed to be whole.
    public static let hotlistTooOld = Notice(
        "YK-N05", "hotlist-too-old", .degraded,
        title: Text("挂失名单过期或缺失", "the hotlist is missing or too old"),
        impact: Text("新挂失的卡可能仍被接受", "cards lost since then may still be accepted"),
        nextStep: Text("恢复网络后名单会自动更新", "bring the network back; the hotlist then renews itself"),
        visibleAfterSeconds: 60)

    /// The terminal's credential ends within a fortnight.
    public static let credentialExpires = Notice(
        "YK-N06", "credential-expires", .degraded,
        title: Text("本终端的凭证即将到期", "this terminal's credential expires soon"),
        impact: Text("到期后记录不能上传", "after that day records stay here"),
        nextStep: Text("执行 yika renew；自动更换没有成功", "run yika renew, which the timer has not managed to do"),
        dependsOn: ["YK-N14"])

    /// A list or settings that the ledger offered do not verify; what was held before stays in force.
    public static let feedRefused = Notice(
        "YK-N07", "feed-refused", .degraded,
        title: Text("账务中心下发的名单或设置验证失败，未采用", "a list or settings from the ledger do not verify and are not used"),
        impact: Text("沿用旧的名单和设置", "the lists and settings held before stay in force"),
        nextStep: Text(
            "核对配置中的 ledger.publicKey 与账务中心的 signing.pub",
            "compare ledger.publicKey in the configuration with the ledger's signing.pub"))

    /// A list or settings cannot be written to the disk; what was held before stays in force.
    public static let feedNotStored = Notice(
        "YK-N08", "feed-not-stored", .degraded,
        title: Text("下发的名单或设置无法存盘", "a list or settings from the ledger cannot be stored"),
        impact: Text("沿用旧的名单和设置", "the lists and settings held before stay in force"),
        nextStep: Text("检查磁盘及其剩余空间", "check the disk and the room on it"), dependsOn: ["YK-J04"])

    /// The ledger does not know this life of the journal, and takes no records of it.
    public static let epochNotRegistered = Notice(
        "YK-N09", "epoch-not-registered", .degraded,
        title: Text(
            "账务中心没有登记本机的新日志，记录暂存本机", "the ledger does not know this terminal's new journal; records are kept here"),
        impact: Text("记录暂存本机", "records stay here until it is registered"),
        nextStep: Text(
            "请卡务中心用 yika-ledger terminal 登记新日志，然后执行 yika sync now",
            "have the card centre register the new journal with yika-ledger terminal, then run yika sync now"))

    /// Whoever answers at the ledger's address cannot prove to be the ledger.
    public static let ledgerUntrusted = Notice(
        "YK-N10", "ledger-untrusted", .degraded,
        title: Text("无法确认对方是账务中心", "who answers cannot prove to be the ledger"),
        impact: Text("记录暂存本机", "records stay here; offline rules decide"),
        nextStep: Text(
            "核对配置中的 ledger.url 和 ledger.authorities", "check ledger.url and ledger.authorities in the configuration"),
        visibleAfterSeconds: 5)

    /// The ledger's certificate does not fit the time that this terminal's clock shows.
    public static let clockWrong = Notice(
        "YK-N11", "clock-wrong", .degraded,
        title: Text("账务中心的证书与本机时间不符", "the ledger's certificate does not fit this terminal's clock"),
        impact: Text("记录暂存本机", "records stay here; offline rules decide"),
        nextStep: Text(
            "用 timedatectl 核对本机时间；时间无误则请卡务中心更新证书",
            "check the clock with timedatectl; if it is right, the card centre has to renew the certificate"),
        dependsOn: ["YK-K01"], visibleAfterSeconds: 5)

    /// Something answers in the ledger's place: a login page, a proxy, another service.
    public static let notALedger = Notice(
        "YK-N12", "not-a-ledger", .degraded,
        title: Text("应答的不是账务中心（可能是上网认证页或代理）", "what answers is not the ledger: a login page or a proxy"),
        impact: Text("记录暂存本机", "records stay here; offline rules decide"),
        nextStep: Text(
            "请网络中心为本机免除上网认证和代理，并核对 ledger.url",
            "have the network let this terminal through without login or proxy, and check ledger.url"),
        visibleAfterSeconds: 5)

    /// No network interface has a link, or there is no way out of this network.
    public static let networkDown = Notice(
        "YK-N13", "network-down", .degraded,
        title: Text("网络未连接", "there is no network"),
        impact: Text("记录暂存本机，按离线规则服务", "records stay here; offline rules decide"),
        nextStep: Text(
            "检查网线和交换机；用 ip route 核对默认路由", "check cable and switch; ip route shows whether there is a default route"),
        visibleAfterSeconds: 10)

    /// The terminal's credential has ended.
    public static let credentialExpired = Notice(
        "YK-N14", "credential-expired", .degraded,
        title: Text("本终端的凭证已过期", "this terminal's credential has expired"),
        impact: Text("记录不能上传", "records stay here until it is renewed"),
        nextStep: Text(
            "请卡务中心用 yika-ledger terminal renew 续期，然后执行 yika enrol",
            "have the card centre renew it with yika-ledger terminal renew, then run yika enrol"))

    /// This terminal was never made known to the ledger.
    public static let notEnrolled = Notice(
        "YK-N15", "not-enrolled", .outOfService,
        title: Text("本终端尚未登记", "this terminal is not enrolled"),
        impact: Text("服务不能启动", "the service does not start"),
        nextStep: Text(
            "向卡务中心索取令牌，然后执行 yika enrol --token", "get a token from the card centre, then run yika enrol --token"))
}
