import DeviceProfiles
import Platform

/// What a check of profiles tells, for people and for scripts.
struct ProfileReport: Encodable {
    struct Finding: Encodable {
        let severity: ProfileFinding.Severity
        let code: String
        let file: String
        let path: String
        let what: String
        let next: String

        init(_ finding: ProfileFinding) {
            severity = finding.severity
            code = finding.code.rawValue
            file = finding.file
            path = finding.path
            what = finding.text.here
            next = finding.next(in: Session.language)
        }
    }

    struct Profile: Encodable {
        let id: String
        /// Left out, as what follows, when the file could not be read.
        let title: String?
        let support: ReaderProfile.Support?
        let statement: String
        let verified: Bool?
        let drivers: [String]
        let clean: Bool
        let findings: [Finding]
    }

    struct Driver: Encodable {
        let name: String
        let version: String
        let path: String
        let devices: Int
        let allowsEscape: Bool
    }

    /// Whether there is neither a fault nor a warning in what was asked for.
    let clean: Bool
    let profiles: [Profile]
    /// What was found in the directory as a whole and in the drivers' lists.
    let findings: [Finding]
    let drivers: [Driver]

    /// The report about the profiles called `ids`, or about all when there are none.
    init(_ check: ProfileCheck, ids: [String]) {
        let chosen = check.ids.filter { ids.isEmpty || ids.contains($0) }
        profiles = chosen.map { id in
            let profile = check.library.profile(id: id)
            let findings = check.findings(id: id)
            return Profile(
                id: id, title: profile?.title, support: profile?.support,
                statement: profile.map { check.drivers.statement(of: $0, in: Session.language) }
                    ?? words("读不了", "cannot be read"), verified: profile?.verified,
                drivers: profile?.drivers.map(\.name.rawValue) ?? [], clean: findings.isClean,
                findings: findings.map(Finding.init))
        }
        let ofProfiles = Set(check.ids.flatMap(check.findings(id:)))
        // The state of the whole is the answer to a question about the whole; a list asked for must be readable always.
        let others = check.findings.filter {
            !ofProfiles.contains($0) && (ids.isEmpty || $0.code == .driverListUnreadable)
        }
        findings = others.map(Finding.init)
        clean = others.isClean && profiles.allSatisfy(\.clean)
        drivers = check.drivers.lists.map {
            Driver(
                name: $0.name.rawValue, version: $0.version, path: $0.path, devices: $0.readers.count,
                allowsEscape: $0.allowsEscape)
        }
    }

    /// Prints a table of the profiles, then every finding with its next step.
    func print(_ paint: Paint) {
        let heads = [
            "id", words("名称", "title"), words("已验证", "verified"), words("驱动", "drivers"), words("发现", "findings"),
            words("支持", "support"),
        ]
        let rows = profiles.map { profile in
            [
                profile.id, profile.title ?? "-",
                profile.verified.map { $0 ? words("是", "yes") : words("否", "no") } ?? "-",
                profile.drivers.joined(separator: ", "), Self.tally(profile.findings), profile.statement,
            ]
        }
        let widths = heads.indices.map { column in ([heads] + rows).map { $0[column].columns }.max() ?? 0 }
        for (index, row) in ([heads] + rows).enumerated() {
            var cells = zip(row, widths).map { $0.padded(to: $1) }
            cells[5] = row[5]
            if index > 0 {
                let worst = profiles[index - 1].findings.map(\.severity).min()
                cells[4] = paint.text(cells[4], as: Paint.Colour(worst))
            }
            Swift.print(cells.joined(separator: "  "))
        }
        let all = profiles.flatMap(\.findings) + findings
        for finding in all { print(finding, paint) }
        Swift.print("")
        let known = drivers.map { driver in
            let name = "\(driver.name) \(driver.version)"
            return words(
                "\(name)，\(driver.devices) 种设备（\(driver.path)）", "\(name), \(driver.devices) devices (\(driver.path))")
        }
        Swift.print(
            words("对照：", "checked against: ")
                + (known.isEmpty
                    ? words("没有驱动清单", "no driver's list") : known.joined(separator: words("；", "; "))))
        let count = profiles.count
        Swift.print(
            words("\(count) 个描述文件：", "\(count) profile\(count == 1 ? "" : "s"): ") + Self.tally(all))
    }

    private func print(_ finding: Finding, _ paint: Paint) {
        let place = finding.path.isEmpty ? finding.file : "\(finding.file): \(Text(place: finding.path).here)"
        Swift.print("")
        Swift.print("\(paint.text(finding.severity.told, as: Paint.Colour(finding.severity))) \(finding.code) \(place)")
        Swift.print("    \(finding.what)")
        Swift.print("    \(words("下一步：", "next: "))\(finding.next)")
    }

    private static func tally(_ findings: [Finding]) -> String {
        let counts = ProfileFinding.Severity.allCases.compactMap { severity -> String? in
            let count = findings.count { $0.severity == severity }
            guard count > 0 else { return nil }
            return words("\(count) 个\(severity.told)", "\(count) \(severity.told)\(count == 1 ? "" : "s")")
        }
        return counts.isEmpty ? words("无问题", "clean") : list(counts)
    }
}

extension ProfileFinding {
    /// What is wrong, in both languages.
    var text: Text {
        // What a file lacks is a detail that the room of files words.
        guard code == .notLoaded, let fault = details.first.flatMap(Phrasebook.dataFiles.chinese) else {
            return Text(what(in: .chinese), what)
        }
        return Text("\(fault)；此描述文件未采用", what)
    }
}

extension ProfileFinding.Severity {
    /// In words.
    fileprivate var told: String {
        switch self {
        case .fault: words("错误", rawValue)
        case .warning: words("警告", rawValue)
        case .note: words("提示", rawValue)
        }
    }
}

extension Paint.Colour {
    fileprivate init(_ severity: ProfileFinding.Severity?) {
        switch severity {
        case .fault: self = .red
        case .warning: self = .yellow
        case .note: self = .plain
        case nil: self = .green
        }
    }
}
