import Platform

/// Faults of readers.
extension Notice {
    static let readerConditions: [Notice] = [
        .pcscdUnreachable, .readerMissing, .readerNotKnown, .readerNotUsable, .pcscdRefuses, .escapeNotAllowed,
        .kernelGrabsReader, .readerIsKeyboard, .readerCounterfeit, .readerNeedsHuman, .readerRecovers,
        .readerWithoutDriver,
    ]

    /// pcscd cannot be reached.
    public static let pcscdUnreachable = Notice(
        "YK-R01", "pcscd-unreachable", .outOfService,
        title: Text("读卡服务 pcscd 未运行", "pcscd, the card reader service, cannot be reached"),
        impact: Text("无法读卡", "no card can be read"),
        nextStep: Text("执行 systemctl restart pcscd.socket pcscd", "run: systemctl restart pcscd.socket pcscd"),
        visibleAfterSeconds: 3)

    /// pcscd runs, but no reader is attached.
    public static let readerMissing = Notice(
        "YK-R02", "reader-missing", .outOfService,
        title: Text("没有读卡器", "no card reader is attached"),
        impact: Text("无法读卡", "no card can be read"),
        nextStep: Text("重新插拔读卡器的 USB 线", "unplug the reader's USB cable and plug it in again"), dependsOn: ["YK-R01"],
        visibleAfterSeconds: 3)

    /// A reader matches no profile; the generic one is used.
    public static let readerNotKnown = Notice(
        "YK-R03", "reader-not-known", .degraded,
        title: Text("读卡器型号未知，按通用型号使用", "no profile knows this reader; the generic one is used"),
        impact: Text("读卡可能变慢或失败，无灯光和蜂鸣", "cards may be slow or fail, without light and buzzer"),
        nextStep: Text(
            "为此型号编写 device-profiles/readers 文件", "write a profile for it under device-profiles/readers"))

    /// A reader's profile says that it cannot or must not be used, or it is a known counterfeit.
    public static let readerNotUsable = Notice(
        "YK-R04", "reader-not-usable", .degraded,
        title: Text("此读卡器不可用", "this reader cannot be used"),
        impact: Text("此读卡器上的卡不处理", "cards on this reader are not served"),
        nextStep: Text(
            "更换为 yika profile check 列为 supported 或 should work 的型号",
            "replace it by a model that `yika profile check` lists as supported or should work"))

    /// pcscd is there and refuses this user: polkit has no rule for it.
    public static let pcscdRefuses = Notice(
        "YK-R05", "pcscd-refuses", .outOfService,
        title: Text("读卡服务 pcscd 拒绝本服务（polkit）", "pcscd refuses this service (polkit)"),
        impact: Text("无法读卡", "no card can be read"),
        nextStep: Text(
            "执行 apt-get install --reinstall yika-terminal 以恢复 polkit 规则",
            "run: apt-get install --reinstall yika-terminal, which brings the polkit rule back"))

    /// The driver lets no escape command through, which the reader's lights or set-up need.
    public static let escapeNotAllowed = Notice(
        "YK-R06", "escape-not-allowed", .degraded,
        title: Text("驱动程序不放行读卡器的控制命令", "the driver lets no escape command through"),
        impact: Text("读卡器的灯光、蜂鸣或初始设置无效", "the reader's light, buzzer or set-up does not work"),
        nextStep: Text(
            "在 /etc/libccid_Info.plist 中将 ifdDriverOptions 设为 0x0001，然后执行 systemctl restart pcscd",
            "set ifdDriverOptions to 0x0001 in /etc/libccid_Info.plist, then run: systemctl restart pcscd"))

    /// A kernel driver for near-field chips has taken the reader, so that pcscd cannot.
    public static let kernelGrabsReader = Notice(
        "YK-R07", "kernel-grabs-reader", .outOfService,
        title: Text("内核驱动占用了读卡器", "a kernel driver has taken the reader"),
        impact: Text("无法读卡", "no card can be read"),
        nextStep: Text(
            "执行 modprobe -r pn533_usb pn533 nfc，然后重新插拔读卡器",
            "run: modprobe -r pn533_usb pn533 nfc, then plug the reader in again"))

    /// The reader types what it reads, like a keyboard, and is no card reader to pcscd.
    public static let readerIsKeyboard = Notice(
        "YK-R08", "reader-is-keyboard", .outOfService,
        title: Text("读卡器处于键盘模式", "the reader plays a keyboard"),
        impact: Text("无法读卡", "no card can be read"),
        nextStep: Text(
            "用厂商工具将读卡器切换为 CCID 模式，然后重新插拔", "switch it to CCID mode with its maker's tool, then plug it in again"))

    /// The reader is a known counterfeit, or looks like one.
    public static let readerCounterfeit = Notice(
        "YK-R09", "reader-counterfeit", .degraded,
        title: Text("读卡器疑似假冒", "the reader seems to be a counterfeit"),
        impact: Text("此读卡器上的卡可能不处理", "cards on this reader may not be served"),
        nextStep: Text("更换为正品读卡器", "replace it by a genuine one"))

    /// The reader does not work, and everything that the terminal can do about it was done.
    public static let readerNeedsHuman = Notice(
        "YK-R10", "reader-needs-human", .outOfService,
        title: Text("读卡器没有响应，自动恢复无效", "the reader does not answer, and resets did not help"),
        impact: Text("无法读卡", "no card can be read"),
        nextStep: Text("拔下读卡器的 USB 线，等 5 秒再插上", "unplug the reader's USB cable, wait 5 seconds, plug it in again"))

    /// The reader does not work, and the terminal is putting it back.
    public static let readerRecovers = Notice(
        "YK-R11", "reader-recovers", .degraded,
        title: Text("读卡器没有响应，正在自动恢复", "the reader does not answer and is being reset"),
        impact: Text("无法读卡", "no card can be read"),
        nextStep: Text("等待一分钟；若仍无响应，重新插拔读卡器", "wait a minute; if it stays so, plug the reader in again"),
        dependsOn: ["YK-R10"], visibleAfterSeconds: 5)

    /// A card reader is plugged in, and no installed driver knows it.
    public static let readerWithoutDriver = Notice(
        "YK-R12", "reader-without-driver", .outOfService,
        title: Text("读卡器已插上，但没有驱动程序", "a reader is plugged in and no driver knows it"),
        impact: Text("无法读卡", "no card can be read"),
        nextStep: Text(
            "安装驱动程序：apt-get install libacsccid1 libccid，然后重新插拔",
            "install its driver: apt-get install libacsccid1 libccid, then plug it in again"))
}
