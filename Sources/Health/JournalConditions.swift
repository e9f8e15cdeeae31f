import Platform

/// Faults of the journal and the disk under it.
extension Notice {
    static let journalConditions: [Notice] = [
        .journalStopped, .journalDamaged, .journalFull, .journalKeyMissing, .rootKeyOnTerminal, .diskNearlyFull,
        .diskFailing, .diskUnsafe,
    ]

    /// The journal takes no more records.
    public static let journalStopped = Notice(
        "YK-J01", "journal-stopped", .outOfService,
        title: Text("流水日志无法写入", "the journal cannot be written"),
        impact: Text("不受理任何卡片", "every card is refused"),
        nextStep: Text("检查磁盘，然后重启服务", "check the disk, then restart the service"))

    /// Damage was found in the journal and set aside.
    public static let journalDamaged = Notice(
        "YK-J02", "journal-damaged", .degraded,
        title: Text("流水日志有损坏记录，已隔离", "damaged journal records were set aside"),
        impact: Text("损坏的记录需人工核对", "the records set aside have to be reckoned by hand"),
        nextStep: Text("保存 quarantine 文件并报告卡务中心", "save the quarantine files and report to the card centre"))

    /// There is no room for another segment: cards in hand are concluded, no new one is begun.
    public static let journalFull = Notice(
        "YK-J04", "journal-full", .outOfService,
        title: Text("磁盘已满，流水日志无法扩展", "the disk is full; the journal cannot grow"),
        impact: Text("不受理新的卡片", "no new card is begun"),
        nextStep: Text("清理磁盘空间；勿删除 journal 目录", "make room on the disk; leave the folder journal alone"))

    /// The journal cannot be begun, or go on after its `head` was lost, without the terminal's root key.
    public static let journalKeyMissing = Notice(
        "YK-J05", "journal-key-missing", .outOfService,
        title: Text("流水日志缺少密钥", "the journal has no key"),
        impact: Text("不受理任何卡片", "every card is refused"),
        nextStep: Text(
            "从卡务中心取得本机的日志密钥，存为状态目录中的 journal.key，然后重启服务",
            "put this terminal's journal key from the card centre into the state folder as journal.key, then restart"))

    /// The journal's root key lies on the terminal although it is not needed any more.
    public static let rootKeyOnTerminal = Notice(
        "YK-J06", "root-key-on-terminal", .degraded,
        title: Text("流水日志的根密钥仍留在本机", "the journal's root key is still on this terminal"),
        impact: Text("偷走本机者可以伪造流水", "who steals this box could forge its records"),
        nextStep: Text(
            "从凭据文件中删除 journalKey（卡务中心保留一份），然后重启服务",
            "remove journalKey from the credentials file (the card centre keeps it), then restart"))

    /// Little room is left on the disk for the journal.
    public static let diskNearlyFull = Notice(
        "YK-J07", "disk-nearly-full", .degraded,
        title: Text("磁盘空间不足", "the disk is nearly full"),
        impact: Text("写满后不受理卡片", "once it is full, no card is served"),
        nextStep: Text("清理磁盘空间；勿删除 journal 目录", "make room on the disk; leave the folder journal alone"),
        dependsOn: ["YK-J04"])

    /// The disk counts errors, or says that it is worn.
    public static let diskFailing = Notice(
        "YK-J08", "disk-failing", .degraded,
        title: Text("存储器出现错误或即将报废", "the disk reports errors or wear"),
        impact: Text("流水日志可能丢失", "the journal may be lost with it"),
        nextStep: Text("执行 yika sync now，然后更换存储器", "run yika sync now, then replace the disk"))

    /// The journal lies where a power cut loses it, or where it cannot be written.
    public static let diskUnsafe = Notice(
        "YK-J09", "disk-unsafe", .outOfService,
        title: Text("流水日志所在文件系统不安全", "the journal's file system is not safe"),
        impact: Text("断电会丢失已确认的交易", "a power cut would lose what was answered for"),
        nextStep: Text(
            "将 stateDirectory 挂载到真实磁盘，读写，且不用 nobarrier",
            "mount stateDirectory from a real disk, writable, without nobarrier"))
}
