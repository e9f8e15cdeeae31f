import DeviceProfiles
import Health
import Platform
import SmartCard
import Terminal
import USBReaders

// Readers: pcscd, what it knows, and what is plugged in besides.

extension Check {
    static let pcscd = Check("pcscd", Text("读卡服务 pcscd", "pcscd, the card reader service")) { examination in
        switch examination.readers {
        case .success(let names):
            return [
                Finding("pcscd", .well, Text("应答，\(names.count) 个读卡器", "answers, with \(names.count) readers"))
            ]
        case .failure(let error):
            // polkit's refusal comes as this code (pcsc-lite, winscard_svc.c).
            let notice: Notice = error.code == .securityViolation ? .pcscdRefuses : .pcscdUnreachable
            return [Finding("pcscd", .trouble(notice), Text(plain: "\(error)"))]
        }
    }

    static let readers = Check("readers", Text("读卡器", "card readers")) { examination in
        guard let names = try? examination.readers.get() else { return [.waiting("readers")] }
        guard !names.isEmpty else {
            let isPluggedIn = examination.devices.contains { $0.hasCCID }
            // Then the next check tells what keeps it from pcscd.
            return [
                Finding(
                    "readers", .trouble(.readerMissing),
                    isPluggedIn ? Text("USB 上有，pcscd 未识别", "one is on USB, and pcscd does not see it") : Text("", ""))
            ]
        }
        return names.map { finding(about: $0, examination) }
    }

    /// What the profiles say of the reader that pcscd calls `name`: which one, and why.
    private static func finding(about name: String, _ examination: Examination) -> Finding {
        let pinned = examination.configuration?.readers.first { name.contains($0.name) }
        if let pinned, let profile = examination.profiles.profile(id: pinned.profile) {
            return matched(name, .init(profile: profile, why: "fixed in the configuration for \(pinned.name)"))
        }
        switch examination.profiles.find(
            readerName: name,
            usb: LocatedReader.find(name, facts: examination.box.facts(name), among: examination.devices)?.device
                .profileDevice())
        {
        case .match(let match): return matched(name, match)
        case .otherSlot(let match):
            return Finding(
                "readers", .well, Text("\(name)：不是读卡位（\(match.why)）", "\(name): no slot for cards, \(match.why)"))
        case .counterfeit(let match):
            return Finding("readers", .trouble(.readerCounterfeit), Text(plain: "\(name): \(match.why)"))
        case .unknown: return Finding("readers", .trouble(.readerNotKnown), Text(plain: name))
        }
    }

    private static func matched(_ name: String, _ match: ProfileLibrary.Match) -> Finding {
        let detail = Text(
            "\(name)：描述文件 \(match.profile.id)（\(match.why)）", "\(name): profile \(match.profile.id), \(match.why)")
        if !match.profile.isUsable {
            return Finding(
                "readers", .trouble(.readerNotUsable),
                Text(plain: "\(name): \(match.profile.supportReason ?? match.why)"))
        }
        return Finding("readers", match.profile.match.fallback ? .trouble(.readerNotKnown) : .well, detail)
    }

    static let usb = Check("usb", Text("USB 上的读卡器", "readers on USB")) { examination in
        examination.devices.flatMap { device in
            let found = KnownTrouble.find(in: device, profiles: examination.profiles, drivers: examination.drivers)
                .compactMap { finding(about: $0, device, examination) }
            // Two drivers that do not know a reader are one thing to mend.
            return found.enumerated().filter { index, finding in
                !found[..<index].contains { $0.notice == finding.notice }
            }.map(\.element)
        }
    }

    private static func finding(
        about trouble: KnownTrouble, _ device: AttachedDevice, _ examination: Examination
    ) -> Finding? {
        let place = "\(device.identity) \(device.product ?? "") @ \(device.port)"
        func found(_ chinese: String, _ english: String) -> Finding {
            Finding("usb", .trouble(trouble.notice), Text("\(place)：\(chinese)", "\(place): \(english)"))
        }
        switch trouble {
        case .kernelDriver(let driver, let interface):
            return found(
                "接口 \(interface) 归 \(driver)", "interface \(interface) belongs to \(driver)")
        case .keyboard: return found("键盘模式", "keyboard mode")
        case .counterfeit(let match): return found(match.why, match.why)
        case .ruledOut(let match):
            let reason = match.profile.supportReason ?? match.why
            return found(reason, reason)
        case .firmwareTooOld(let has, let needs, let driver):
            let figures = "\(String(has, radix: 16)) < \(String(needs, radix: 16))"
            return found(
                "固件过旧（\(figures)，\(driver.rawValue)）",
                "firmware too old for \(driver.rawValue): \(figures)")
        case .driverTooOld(let driver, let needs, let installed):
            return found(
                "\(driver.rawValue) \(installed) 不支持，需 \(needs)",
                "\(driver.rawValue) \(installed) does not know it, \(needs) would")
        case .driverNotInstalled(let driver):
            return found("未安装 \(driver.rawValue)", "\(driver.rawValue) is not installed")
        case .notListed:
            // libccid serves what it does not list where the device calls itself CCID; if pcscd has it, all is well.
            let isServed = ((try? examination.readers.get()) ?? []).contains { $0.contains(device.product ?? "\u{0}") }
            return isServed ? nil : found("没有驱动认识它", "no driver lists it")
        }
    }

    static let escape = Check("escape", Text("读卡器控制命令", "commands to the reader itself")) { examination in
        guard let names = try? examination.readers.get() else { return [.waiting("escape")] }
        let lists = examination.drivers.lists
        return names.compactMap { name in
            guard let profile = examination.profiles.match(readerName: name)?.profile, needsEscape(profile),
                let list = lists.first(where: { list in
                    profile.drivers.contains { $0.name == list.name }
                        && profile.match.usb.contains { list.readers[$0.identity] != nil }
                }),
                list.name == .ccid, !list.allowsEscape
            else { return nil }
            return Finding("escape", .trouble(.escapeNotAllowed), Text(plain: "\(name): \(list.path)"))
        }
    }

    private static func needsEscape(_ profile: ReaderProfile) -> Bool {
        [profile.lights?.transport, profile.buzzer?.transport].contains(.escape)
            || profile.setup.contains { $0.transport == .escape }
    }
}
