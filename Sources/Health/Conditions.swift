/// Faults of the terminal. R: reader, S: sound, N: network and ledger, J: journal, P: profiles, C: configuration,
/// Q: scanner of payment codes, F: faces.
extension Notice {
    /// Every condition there is.
    public static let conditions: [Notice] = [
        .pcscdUnreachable, .readerMissing, .readerNotKnown, .readerNotUsable, .soundMissing, .voicePackInvalid,
        .promptMissing, .soundHangs,
        .ledgerUnreachable, .ledgerRefuses, .terminalFrozen, .rosterTooOld, .hotlistTooOld, .credentialExpires,
        .feedRefused, .feedNotStored, .epochNotRegistered, .ledgerUntrusted, .clockWrong, .notALedger, .journalStopped,
        .journalDamaged, .journalFull, .journalKeyMissing, .rootKeyOnTerminal, .profileInvalid, .screenMissing,
        .configurationInvalid,
        .scannerMissing, .scannerNotGrabbed, .scannerProfileInvalid, .faceModuleMissing,
    ]

    /// pcscd cannot be reached.
    public static let pcscdUnreachable = Notice(
        "YK-R01", "pcscd-unreachable", .outOfService,
        title: Text("读卡服务 pcscd 未运行", "pcscd, the card reader service, cannot be reached"),
        nextStep: Text("执行 systemctl restart pcscd.socket pcscd", "run: systemctl restart pcscd.socket pcscd"))

    /// pcscd runs, but no reader is attached.
    public static let readerMissing = Notice(
        "YK-R02", "reader-missing", .outOfService,
        title: Text("没有读卡器", "no card reader is attached"),
        nextStep: Text("重新插拔读卡器的 USB 线", "unplug the reader's USB cable and plug it in again"))

    /// A reader matches no profile; the generic one is used.
    public static let readerNotKnown = Notice(
        "YK-R03", "reader-not-known", .degraded,
        title: Text("读卡器型号未知，按通用型号使用", "no profile knows this reader; the generic one is used"),
        nextStep: Text(
            "为此型号编写 device-profiles/readers 文件", "write a profile for it under device-profiles/readers"))

    /// A reader's profile says that it cannot or must not be used, or it is a known counterfeit.
    public static let readerNotUsable = Notice(
        "YK-R04", "reader-not-usable", .degraded,
        title: Text("此读卡器不可用", "this reader cannot be used"),
        nextStep: Text(
            "更换为 yika profile check 列为 supported 或 should work 的型号",
            "replace it by a model that `yika profile check` lists as supported or should work"))

    /// The sound device cannot be opened.
    public static let soundMissing = Notice(
        "YK-S01", "sound-missing", .degraded,
        title: Text("没有声音设备", "the sound device cannot be opened"),
        nextStep: Text("检查音箱连线和配置中的 voice.device", "check the speaker's cable and voice.device in the configuration"))

    /// A voice pack is malformed or absent.
    public static let voicePackInvalid = Notice(
        "YK-S02", "voice-pack-invalid", .degraded,
        title: Text("语音包无法使用", "a voice pack cannot be used"),
        nextStep: Text("用 tools/voice/make 重新生成语音包", "make the pack again with tools/voice/make"))

    /// A sentence is missing from the first language's pack.
    public static let promptMissing = Notice(
        "YK-S03", "prompt-missing", .degraded,
        title: Text("语音包缺少语句", "a voice pack lacks a sentence"),
        nextStep: Text("用 tools/voice/make 重新生成语音包", "make the pack again with tools/voice/make"))

    /// A call of the sound device does not return.
    public static let soundHangs = Notice(
        "YK-S04", "sound-hangs", .degraded,
        title: Text("声音设备没有响应", "the sound device does not answer"),
        nextStep: Text("重新插拔音箱，或重启本终端", "unplug the speaker and plug it in again, or restart the terminal"))

    /// The ledger does not answer; records wait on the terminal.
    public static let ledgerUnreachable = Notice(
        "YK-N01", "ledger-unreachable", .degraded,
        title: Text("无法连接账务中心，记录暂存本机", "the ledger does not answer; records are kept here"),
        nextStep: Text("检查网线和配置中的 ledger.url", "check the network cable and ledger.url in the configuration"))

    /// The ledger answers, but refuses this terminal or speaks nonsense.
    public static let ledgerRefuses = Notice(
        "YK-N02", "ledger-refuses", .degraded,
        title: Text("账务中心拒绝本终端", "the ledger refuses this terminal"),
        nextStep: Text("核对终端编号和凭证", "compare the terminal's number and credentials with the ledger's"))

    /// The ledger has frozen this terminal: two histories of one journal were seen.
    public static let terminalFrozen = Notice(
        "YK-N03", "terminal-frozen", .outOfService,
        title: Text("本终端已被账务中心冻结", "the ledger has frozen this terminal"),
        nextStep: Text("保留存储卡并联系卡务中心", "keep the storage as it is and call the card centre"))

    /// The signed roster is missing or too old to decide by.
    public static let rosterTooOld = Notice(
        "YK-N04", "roster-too-old", .degraded,
        title: Text("激活名单过期或缺失", "the activation roster is missing or too old"),
        nextStep: Text("恢复网络后名单会自动更新", "bring the network back; the roster then renews itself"))

    /// The signed hotlist is missing although it was there, or too old to be believed to be whole.
    public static let hotlistTooOld = Notice(
        "YK-N05", "hotlist-too-old", .degraded,
        title: Text("挂失名单过期或缺失", "the hotlist is missing or too old"),
        nextStep: Text("恢复网络后名单会自动更新", "bring the network back; the hotlist then renews itself"))

    /// The terminal's credential ends within a fortnight.
    public static let credentialExpires = Notice(
        "YK-N06", "credential-expires", .degraded,
        title: Text("本终端的凭证即将到期", "this terminal's credential expires soon"),
        nextStep: Text("到期前在账务中心更新本终端的凭证", "renew the terminal's credential at the ledger before that day"))

    /// A list or settings that the ledger offered do not verify; what was held before stays in force.
    public static let feedRefused = Notice(
        "YK-N07", "feed-refused", .degraded,
        title: Text("账务中心下发的名单或设置验证失败，未采用", "a list or settings from the ledger do not verify and are not used"),
        nextStep: Text(
            "核对配置中的 ledger.publicKey 与账务中心的 signing.pub",
            "compare ledger.publicKey in the configuration with the ledger's signing.pub"))

    /// A list or settings cannot be written to the disk; what was held before stays in force.
    public static let feedNotStored = Notice(
        "YK-N08", "feed-not-stored", .degraded,
        title: Text("下发的名单或设置无法存盘", "a list or settings from the ledger cannot be stored"),
        nextStep: Text("检查磁盘及其剩余空间", "check the disk and the room on it"))

    /// The ledger does not know this life of the journal, and takes no records of it.
    public static let epochNotRegistered = Notice(
        "YK-N09", "epoch-not-registered", .degraded,
        title: Text(
            "账务中心没有登记本机的新日志，记录暂存本机", "the ledger does not know this terminal's new journal; records are kept here"),
        nextStep: Text(
            "请卡务中心用 yika-ledger terminal 登记新日志，然后执行 yika sync now",
            "have the card centre register the new journal with yika-ledger terminal, then run yika sync now"))

    /// Whoever answers at the ledger's address cannot prove to be the ledger.
    public static let ledgerUntrusted = Notice(
        "YK-N10", "ledger-untrusted", .degraded,
        title: Text("无法确认对方是账务中心", "who answers cannot prove to be the ledger"),
        nextStep: Text(
            "核对配置中的 ledger.url 和 ledger.authorities", "check ledger.url and ledger.authorities in the configuration"))

    /// The ledger's certificate does not fit the time that this terminal's clock shows.
    public static let clockWrong = Notice(
        "YK-N11", "clock-wrong", .degraded,
        title: Text("账务中心的证书与本机时间不符", "the ledger's certificate does not fit this terminal's clock"),
        nextStep: Text(
            "用 timedatectl 核对本机时间；时间无误则请卡务中心更新证书",
            "check the clock with timedatectl; if it is right, the card centre has to renew the certificate"))

    /// Something answers in the ledger's place: a login page, a proxy, another service.
    public static let notALedger = Notice(
        "YK-N12", "not-a-ledger", .degraded,
        title: Text("应答的不是账务中心（可能是上网认证页或代理）", "what answers is not the ledger: a login page or a proxy"),
        nextStep: Text(
            "请网络中心为本机免除上网认证和代理，并核对 ledger.url",
            "have the network let this terminal through without login or proxy, and check ledger.url"))

    /// The journal takes no more records.
    public static let journalStopped = Notice(
        "YK-J01", "journal-stopped", .outOfService,
        title: Text("流水日志无法写入", "the journal cannot be written"),
        nextStep: Text("检查磁盘，然后重启服务", "check the disk, then restart the service"))

    /// Damage was found in the journal and set aside.
    public static let journalDamaged = Notice(
        "YK-J02", "journal-damaged", .degraded,
        title: Text("流水日志有损坏记录，已隔离", "damaged journal records were set aside"),
        nextStep: Text("保存 quarantine 文件并报告卡务中心", "save the quarantine files and report to the card centre"))

    /// There is no room for another segment: cards in hand are concluded, no new one is begun.
    public static let journalFull = Notice(
        "YK-J04", "journal-full", .outOfService,
        title: Text("磁盘已满，流水日志无法扩展", "the disk is full; the journal cannot grow"),
        nextStep: Text("清理磁盘空间；勿删除 journal 目录", "make room on the disk; leave the folder journal alone"))

    /// The journal cannot be begun, or go on after its `head` was lost, without the terminal's root key.
    public static let journalKeyMissing = Notice(
        "YK-J05", "journal-key-missing", .outOfService,
        title: Text("流水日志缺少密钥", "the journal has no key"),
        nextStep: Text(
            "从卡务中心取得本机的日志密钥，存为状态目录中的 journal.key，然后重启服务",
            "put this terminal's journal key from the card centre into the state folder as journal.key, then restart"))

    /// The journal's root key lies on the terminal although it is not needed any more.
    public static let rootKeyOnTerminal = Notice(
        "YK-J06", "root-key-on-terminal", .degraded,
        title: Text("流水日志的根密钥仍留在本机", "the journal's root key is still on this terminal"),
        nextStep: Text(
            "从凭据文件中删除 journalKey（卡务中心保留一份），然后重启服务",
            "remove journalKey from the credentials file (the card centre keeps it), then restart"))

    /// A profile file is malformed and was skipped.
    public static let profileInvalid = Notice(
        "YK-P01", "profile-invalid", .degraded,
        title: Text("有设备描述文件格式错误，已跳过", "a profile file is malformed and was skipped"),
        nextStep: Text("按提示修正该文件", "correct the file at the place given"))

    /// The screen's page cannot be served.
    public static let screenMissing = Notice(
        "YK-D01", "screen-missing", .degraded,
        title: Text("屏幕页面无法提供", "the screen's page cannot be served"),
        nextStep: Text(
            "检查配置中的 screenPort 是否被其他程序占用", "check whether another program uses screenPort of the configuration"))

    /// The configuration is malformed.
    public static let configurationInvalid = Notice(
        "YK-C01", "configuration-invalid", .outOfService,
        title: Text("配置文件有误", "the configuration is malformed"),
        nextStep: Text("按提示修正配置文件", "correct the file at the place given"))

    /// A scanner is configured, and none is attached or can be opened.
    public static let scannerMissing = Notice(
        "YK-Q01", "scanner-missing", .degraded,
        title: Text("没有扫码器，无法使用付款码", "no scanner is attached; payment codes cannot be taken"),
        nextStep: Text("重新插拔扫码器的 USB 线", "unplug the scanner's USB cable and plug it in again"))

    /// Somebody else reads the scanner, so that its codes go elsewhere: into a console, or to a modem manager.
    public static let scannerNotGrabbed = Notice(
        "YK-Q02", "scanner-not-grabbed", .degraded,
        title: Text("扫码器被其他程序占用", "another program reads the scanner"),
        nextStep: Text(
            "停用占用扫码器的程序（用 fuser -v 加设备路径查看；常见为 ModemManager）",
            "stop the program that reads it (fuser -v and the device's path names it; often it is ModemManager)"))

    /// A scanner's profile file is malformed and was skipped.
    public static let scannerProfileInvalid = Notice(
        "YK-Q03", "scanner-profile-invalid", .degraded,
        title: Text("有扫码器描述文件格式错误，已跳过", "a scanner's profile file is malformed and was skipped"),
        nextStep: Text("按提示修正该文件", "correct the file at the place given"))

    /// Faces are turned on, and no recogniser is connected.
    public static let faceModuleMissing = Notice(
        "YK-F01", "face-module-missing", .degraded,
        title: Text("人脸识别模块未连接，请用卡或付款码", "no face recogniser is connected; card and payment code work"),
        nextStep: Text(
            "启动人脸识别模块，并核对配置中允许的用户和组",
            "start the recogniser, and check the users and groups allowed in the configuration"))
}
