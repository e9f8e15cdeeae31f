extension ProfileTexts {
    /// What ``english`` says, in Chinese; a test holds the two to the same codes and gaps.
    static let chinese: [ProfileFinding.Code: Text] = fileInChinese.merging(togetherInChinese) { $1 }
        .merging(driversInChinese) { $1 }

    private static let fileInChinese: [ProfileFinding.Code: Text] = [
        .notLoaded: Text("应为 %1；此描述文件未采用", next: "改正该值；旁边的 README.md 说明可以写什么"),
        .commandShape: Text(
            "“%1”不是短 APDU：第五字节既不是其后的字节数，也不是最后一个字节",
            next: "把第五字节写成数据长度（Lc），或写 {rest}"),
        .commandTooLong: Text("要发送 %1 字节，短 APDU 最多 261 字节", next: "减小 most，或改正该命令"),
        .exceedsMessage: Text(
            "收发 %1 字节，而 limits.message 减去 CCID 头只剩 %2", next: "减小 most，或改正 limits.message"),
        .lengthIsNoByte: Text("%1 块时 {length} 或 {rest} 超过一个字节", next: "把 most 减到 15 以下"),
        .ambiguousCommand: Text("“%1”也会被理解为 %2：模拟器分不清", next: "改正两者中与手册不符的一个"),
        .okIsAlsoFailure: Text("%1 也表示成功（见 %2）：失败会被当成成功", next: "从两处中删去一处"),
        .failureLikeSuccess: Text(
            "%1（见 %2）的开头像成功（90 和 61 是 ISO 7816-4 的）", next: "查手册：删去该状态字，或放到 ok 中"),
        .oneSlot: Text("只有一个密钥槽：每次换密钥都要 LOAD KEY", next: "读卡器有更多槽则列出；没有则在 quirks 中说明"),
        .oneSlotTold: Text("只有一个密钥槽，描述文件已说明", next: "无需处理，除非手册列出更多槽"),
        .nonVolatile: Text(
            "断电后密钥仍留在读卡器中：偷走它就得到密钥，且每次装载都磨损存储器",
            next: "改用易失槽（PC/SC 第 3 部分的 P1 00）；没有则在 quirks 中说明"),
        .nonVolatileTold: Text("断电后密钥仍留在读卡器中，描述文件已说明", next: "把此类读卡器放在别人拿不走的地方"),
        .slotOnlyInLoadKey: Text(
            "loadKey 选择密钥槽而 authenticate 不选，keySlots 也没说明用哪个",
            next: "在 authenticate 中加 {slot}，或把 keySlots 分成 A、B 各一个槽"),
        .slotOnlyInAuthenticate: Text(
            "authenticate 选择密钥槽而 loadKey 不选，密钥类型也不决定槽", next: "在 loadKey 中加 {slot}"),
        .slotsWithoutPlace: Text(
            "keySlots 列出多个槽，却没有命令含 {slot}：实际是同一处", next: "在两条命令中加 {slot}，或只列一个槽"),
        .plainCounterfeit: Text(
            "%1 只看编号：凡有此编号的读卡器都会被拒绝", next: "加上能辨认仿品的 bcdDevice、manufacturer 或 product"),
        .readerIsOtherSlot: Text("“%1”包含在描述文件自己的名称“%2”中：读卡器本身会被排除", next: "把该槽名称写长一些"),
        .verifiedNotSupported: Text(
            "写了 verified，而 support 是 should-work：只凭资料，无人试过",
            next: "把 support 改为 \"supported\"，或把 verified 改为 false"),
        .supportedNotVerified: Text(
            "supported 表示用过且测过，而 verified 是 false", next: "有人试过之前，把 support 改为 \"should-work\""),
        .emptyText: Text("文字为空", next: "填写，或删去"),
        .toBeFilledIn: Text("尚待填写", next: "按手册或设备的实际情况填写"),
        .noLatency: Text(
            "除 vpcd 外没有读卡器不花时间就能应答：模拟结果会过于乐观", next: "实测一条命令，或填 20 并注明是估计"),
        .silentAboutRefusals: Text(
            "认证失败后读卡器自己重新选卡很少见，而没有写明谁见过",
            next: "在 evidence 中写明来源，或改用 \"reconnect\"，它总是可行"),
        .setupWrites: Text("“%1”在接入时发送，会写卡或装载密钥", next: "删去它：setup 只针对读卡器本身"),
    ]

    private static let togetherInChinese: [ProfileFinding.Code: Text] = [
        .sameDevice: Text(
            "%1 也被 %2 认领，条件同样多：由谁匹配全凭偶然",
            next: "给其中一个加上能区分设备的 bcdDevice、interface、manufacturer 或 product"),
        .sameName: Text("“%1”也被 %2 认领：由谁匹配全凭偶然", next: "把其中一个名称写长一些"),
        .nameWithinName: Text("“%1”包含在 %3 的“%2”中；同时含两者的名称归后者", next: "若本意如此，无需处理"),
        .secondFallback: Text("%1 已是兜底描述文件：由谁匹配全凭偶然", next: "去掉其中一个的 fallback"),
        .noFallback: Text(
            "没有兜底描述文件：都不认识的读卡器将不使用", next: "放回 generic-pcsc.json5，或在另一个中设置 fallback"),
    ]

    private static let driversInChinese: [ProfileFinding.Code: Text] = [
        .driverListUnreadable: Text("应为 %1", next: "指定驱动的 Info.plist，或重新安装该驱动"),
        .unknownToDrivers: Text(
            "%1 不在描述文件所列驱动（%2）的清单中：pcscd 看不到此读卡器",
            next: "改正编号，写上支持它的驱动，用 since 写明从哪个版本起支持，或把 support 改为 \"unsupported\""),
        .driverTooOld: Text("%1 需要 %2 %3 或更新，已安装 %4", next: "安装更新的 %2"),
        .driverNotInstalled: Text(
            "未安装 %1：无法查明它是否支持 %2", next: "安装软件包 %3，或用 --drivers 指定其 Info.plist"),
        .driverNotChecked: Text("%1 使用厂家自己的驱动：无法查明", next: "用 --drivers 指定该驱动的 Info.plist"),
        .nameNotDrivers: Text(
            "%1 在 %3 中名为“%2”，描述文件的名称都不在其中", next: "把该名称的一部分加入 match.names"),
        .driverNameIsOtherSlot: Text("“%1”包含在“%2”中，而 %3 这样称呼此读卡器：它会被排除", next: "把该槽名称写长一些"),
        .escapeOff: Text(
            "有些命令以 escape 发送，而 %1 按现有设置（%2 中的 ifdDriverOptions）会拒绝：这些命令不起作用",
            next: "在 %2 的 ifdDriverOptions 中置位 0x0001，然后重启 pcscd"),
    ]
}
