import Platform

/// Faults of sound, screen, scanner and recogniser.
extension Notice {
    static let deviceConditions: [Notice] = [
        .soundMissing, .voicePackInvalid, .promptMissing, .soundHangs, .screenMissing, .scannerMissing,
        .scannerNotGrabbed, .scannerProfileInvalid, .faceModuleMissing,
    ]

    /// The sound device cannot be opened.
    public static let soundMissing = Notice(
        "YK-S01", "sound-missing", .degraded,
        title: Text("没有声音设备", "the sound device cannot be opened"),
        impact: Text("没有语音，只有屏幕和灯光", "nothing is said; screen and light alone tell"),
        nextStep: Text("检查音箱连线和配置中的 voice.device", "check the speaker's cable and voice.device in the configuration"))

    /// A voice pack is malformed or absent.
    public static let voicePackInvalid = Notice(
        "YK-S02", "voice-pack-invalid", .degraded,
        title: Text("语音包无法使用", "a voice pack cannot be used"),
        impact: Text("该语言不播报", "that language is not spoken"),
        nextStep: Text("用 tools/voice/make 重新生成语音包", "make the pack again with tools/voice/make"))

    /// A sentence is missing from the first language's pack.
    public static let promptMissing = Notice(
        "YK-S03", "prompt-missing", .degraded,
        title: Text("语音包缺少语句", "a voice pack lacks a sentence"),
        impact: Text("部分结果只有提示音", "some outcomes are told by a tone only"),
        nextStep: Text("用 tools/voice/make 重新生成语音包", "make the pack again with tools/voice/make"))

    /// A call of the sound device does not return.
    public static let soundHangs = Notice(
        "YK-S04", "sound-hangs", .degraded,
        title: Text("声音设备没有响应", "the sound device does not answer"),
        impact: Text("暂时没有语音，刷卡不受影响", "nothing is said for now; cards go on"),
        nextStep: Text("重新插拔音箱，或重启本终端", "unplug the speaker and plug it in again, or restart the terminal"),
        dependsOn: ["YK-S01"])

    /// The screen's page cannot be served.
    public static let screenMissing = Notice(
        "YK-D01", "screen-missing", .degraded,
        title: Text("屏幕页面无法提供", "the screen's page cannot be served"),
        impact: Text("屏幕没有画面，刷卡不受影响", "the screen stays empty; cards go on"),
        nextStep: Text(
            "检查配置中的 screenPort 是否被其他程序占用", "check whether another program uses screenPort of the configuration"))

    /// A scanner is configured, and none is attached or can be opened.
    public static let scannerMissing = Notice(
        "YK-Q01", "scanner-missing", .degraded,
        title: Text("没有扫码器，无法使用付款码", "no scanner is attached; payment codes cannot be taken"),
        impact: Text("不能使用付款码，刷卡不受影响", "payment codes are not taken; cards go on"),
        nextStep: Text("重新插拔扫码器的 USB 线", "unplug the scanner's USB cable and plug it in again"), visibleAfterSeconds: 5)

    /// Somebody else reads the scanner, so that its codes go elsewhere: into a console, or to a modem manager.
    public static let scannerNotGrabbed = Notice(
        "YK-Q02", "scanner-not-grabbed", .degraded,
        title: Text("扫码器被其他程序占用", "another program reads the scanner"),
        impact: Text("不能使用付款码，刷卡不受影响", "payment codes are not taken; cards go on"),
        nextStep: Text(
            "停用占用扫码器的程序（用 fuser -v 加设备路径查看；常见为 ModemManager）",
            "stop the program that reads it (fuser -v and the device's path names it; often it is ModemManager)"),
        visibleAfterSeconds: 5)

    /// A scanner's profile file is malformed and was skipped.
    public static let scannerProfileInvalid = Notice(
        "YK-Q03", "scanner-profile-invalid", .degraded,
        title: Text("有扫码器描述文件格式错误，已跳过", "a scanner's profile file is malformed and was skipped"),
        impact: Text("该型号扫码器可能不能用", "scanners of that model may not work"),
        nextStep: Text("按提示修正该文件", "correct the file at the place given"))

    /// Faces are turned on, and no recogniser is connected.
    public static let faceModuleMissing = Notice(
        "YK-F01", "face-module-missing", .degraded,
        title: Text("人脸识别模块未连接，请用卡或付款码", "no face recogniser is connected; card and payment code work"),
        impact: Text("不能刷脸，刷卡不受影响", "faces are not taken; cards go on"),
        nextStep: Text(
            "启动人脸识别模块，并核对配置中允许的用户和组",
            "start the recogniser, and check the users and groups allowed in the configuration"),
        visibleAfterSeconds: 10)
}
