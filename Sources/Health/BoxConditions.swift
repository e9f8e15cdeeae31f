import Platform

/// Faults of the box itself: its files, its versions, its clock.
extension Notice {
    static let boxConditions: [Notice] = [
        .profileInvalid, .configurationInvalid, .configurationMissing, .daemonNotRunning, .versionsDiffer,
        .secretsReadable, .unitDisabled, .unitFailed, .clockNotSet,
    ]

    /// A profile file is malformed and was skipped.
    public static let profileInvalid = Notice(
        "YK-P01", "profile-invalid", .degraded,
        title: Text("有设备描述文件格式错误，已跳过", "a profile file is malformed and was skipped"),
        impact: Text("该型号设备可能不能用", "devices of that model may not work"),
        nextStep: Text("按提示修正该文件", "correct the file at the place given"))

    /// The configuration is malformed.
    public static let configurationInvalid = Notice(
        "YK-C01", "configuration-invalid", .outOfService,
        title: Text("配置文件有误", "the configuration is malformed"),
        impact: Text("服务不能启动", "the service does not start"),
        nextStep: Text("按提示修正配置文件", "correct the file at the place given"))

    /// There is no configuration.
    public static let configurationMissing = Notice(
        "YK-C02", "configuration-missing", .outOfService,
        title: Text("没有配置文件", "there is no configuration"),
        impact: Text("服务不能启动", "the service does not start"),
        nextStep: Text(
            "复制 /usr/share/doc/yika-terminal/examples/yikad.json5 到 /etc/yika/ 并填写",
            "copy /usr/share/doc/yika-terminal/examples/yikad.json5 to /etc/yika/ and fill it in"))

    /// The daemon does not run.
    public static let daemonNotRunning = Notice(
        "YK-C03", "daemon-not-running", .outOfService,
        title: Text("终端服务 yikad 未运行", "the service yikad is not running"),
        impact: Text("不受理任何卡片", "no card is served"),
        nextStep: Text(
            "执行 systemctl start yikad，再看 journalctl -u yikad -n 20",
            "run: systemctl start yikad, then: journalctl -u yikad -n 20"))

    /// The daemon that runs is of another version than the tool and the files around it.
    public static let versionsDiffer = Notice(
        "YK-C04", "versions-differ", .degraded,
        title: Text("运行中的 yikad 与已安装的版本不同", "the running yikad is not the installed version"),
        impact: Text("新版本尚未生效", "what was installed has no effect yet"),
        nextStep: Text("执行 systemctl restart yikad", "run: systemctl restart yikad"))

    /// A file with secrets can be read by others than the daemon.
    public static let secretsReadable = Notice(
        "YK-C05", "secrets-readable", .degraded,
        title: Text("密钥或凭证文件权限过宽", "a file with secrets can be read by others"),
        impact: Text("本机用户可以冒充本终端", "users of this box could pose as this terminal"),
        nextStep: Text("对该文件执行 chown root:yika 与 chmod 640", "run chown root:yika and chmod 640 on that file"))

    /// A unit of ours does not start by itself.
    public static let unitDisabled = Notice(
        "YK-C06", "unit-disabled", .degraded,
        title: Text("有服务或定时器未设为自动启动", "a service or timer of the terminal does not start by itself"),
        impact: Text("下次断电后不会自动恢复", "after the next power cut it stays away"),
        nextStep: Text("对所列各项执行 systemctl enable --now", "run systemctl enable --now with each of those named"))

    /// A unit of ours has given up.
    public static let unitFailed = Notice(
        "YK-C07", "unit-failed", .degraded,
        title: Text("有服务或定时器已停止重试", "a service or timer of the terminal has given up"),
        impact: Text("它所做的事不再进行", "what it does is not done any more"),
        nextStep: Text(
            "看 journalctl -u 加所列名称，再执行 systemctl reset-failed 和 systemctl start",
            "read journalctl -u with its name, then run systemctl reset-failed and systemctl start with it"))

    /// The clock is not kept by anything, or shows a time that cannot be.
    public static let clockNotSet = Notice(
        "YK-K01", "clock-not-set", .degraded,
        title: Text("系统时间未同步", "the clock is not synchronised"),
        impact: Text("记录的时间可能有误，付款码可能被拒", "records may bear a wrong time, payment codes may be refused"),
        nextStep: Text("执行 timedatectl set-ntp true，并核对时间服务器", "run: timedatectl set-ntp true, and check its server"),
        visibleAfterSeconds: 60)
}
