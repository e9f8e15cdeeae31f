import DeviceProfiles
import Platform

extension ReaderProfile {
    /// What a technician asks about it, under labels.
    ///
    /// - Parameter statement: how far it may be relied on here.
    func rows(_ statement: String) -> [(String, String)] {
        var rows = [
            ("id", id), (words("名称", "title"), title), (words("支持", "support"), statement),
            (words("已验证", "verified"), verified ? words("是", "yes") : words("否", "no")),
        ]
        func add(_ label: String, _ values: [String]) {
            for (index, value) in values.enumerated() { rows.append((index == 0 ? label : "", value)) }
        }
        add(words("依据", "evidence"), evidence)
        add("USB", match.usb.map(\.description))
        add(words("名称匹配", "names"), match.names)
        add(words("其他槽", "other slots"), match.otherSlots)
        add(words("仿品", "counterfeits"), match.counterfeits.map(\.description))
        if match.fallback {
            add(words("兜底", "fallback"), [words("用于没有描述文件认识的读卡器", "for every reader that no other profile knows")])
        }
        for operation in CardOperation.allCases {
            guard let template = commands[operation] else { continue }
            let counts = commands.counts(of: operation)
            let most = counts.last ?? 1
            let blocks =
                counts.count == most
                ? words("最多 \(most) 块", "at most \(most) blocks") : words("\(counts) 块", "\(counts) blocks")
            add(operation.rawValue, [template.description + (most > 1 ? "   \(blocks)" : "")])
        }
        let text = { (slots: [UInt8]) in slots.map { "\($0)" }.joined(separator: ", ") }
        let isShared = keySlots.a == keySlots.b
        add(words("密钥槽", "key slots"), [isShared ? text(keySlots.a) : "A: \(text(keySlots.a)); B: \(text(keySlots.b))"])
        add(
            words("密钥存储", "key memory"),
            [words(keyMemory == .volatile ? "易失" : "非易失", keyMemory.rawValue)])
        add(
            words("认证失败后", "after a refusal"),
            [afterAuthFailure == .none ? words("无需处理", "nothing") : words("重新连接", "reconnect")])
        add(
            words("耗时", "latency"),
            [
                words(
                    "\(latency.command) ms，重新选卡 \(latency.reselect) ms",
                    "\(latency.command) ms, selecting again \(latency.reselect) ms")
            ])
        if let limits {
            add(
                words("限制", "limits"),
                [
                    words(
                        "\(limits.level.rawValue)，\(limits.message) 字节",
                        "\(limits.level.rawValue), \(limits.message) bytes")
                ])
        }
        func signals(_ count: Int, by transport: String) -> String {
            words("\(count) 条命令，经 \(transport)", "\(count) commands, by \(transport)")
        }
        add(words("指示灯", "lights"), lights.map { [signals($0.all.count, by: $0.transport.rawValue)] } ?? [])
        add(words("蜂鸣器", "buzzer"), buzzer.map { [signals($0.all.count, by: $0.transport.rawValue)] } ?? [])
        add(words("接入设置", "setup"), setup.map(\.why))
        add(words("特性", "quirks"), quirks)
        return rows
    }
}

/// What a profile says, for scripts; its file has the rest.
struct ProfileSummary: Encodable {
    let id: String
    let title: String
    let support: ReaderProfile.Support
    let statement: String
    let verified: Bool
    let evidence: [String]
    let usb: [String]
    let names: [String]
    let otherSlots: [String]
    let counterfeits: [String]
    let isFallback: Bool
    let commands: [String: String]
    let commandMilliseconds: Int
    let quirks: [String]

    init(_ profile: ReaderProfile, _ statement: String) {
        (id, title, support) = (profile.id, profile.title, profile.support)
        (self.statement, verified, evidence) = (statement, profile.verified, profile.evidence)
        let match = profile.match
        (usb, names, otherSlots) = (match.usb.map(\.description), match.names, match.otherSlots)
        (counterfeits, isFallback) = (match.counterfeits.map(\.description), match.fallback)
        let known = CardOperation.allCases.compactMap { operation in
            profile.commands[operation].map { (operation.rawValue, $0.description) }
        }
        commands = Dictionary(known) { first, _ in first }
        (commandMilliseconds, quirks) = (profile.latency.command, profile.quirks)
    }
}
