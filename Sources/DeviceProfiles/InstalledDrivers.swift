public import DataFiles
import FoundationEssentials
public import Platform

/// The drivers of pcscd on this machine, as far as their lists could be read.
public struct InstalledDrivers: Sendable {
    /// Their lists.
    public let lists: [DriverList]
    /// What was wrong with the others.
    public let errors: [DataFileError]

    /// The drivers with these lists.
    public init(lists: [DriverList], errors: [DataFileError] = []) {
        self.lists = lists
        self.errors = errors
    }

    /// Reads the lists at `paths`, by default those of Debian's packages that are there.
    public static func load(paths: [String] = []) -> InstalledDrivers {
        var lists: [DriverList] = []
        var errors: [DataFileError] = []
        let standard = DriverList.standardPaths.filter { FileManager.default.fileExists(atPath: $0) }
        for path in paths.isEmpty ? standard : paths {
            do throws(DataFileError) {
                let list = try DriverList.read(path)
                // The same file by two ways, or an older copy: pcscd loads one, and so do we.
                if list.name == .vendor || !lists.contains(where: { $0.name == list.name }) { lists.append(list) }
            } catch {
                errors.append(error)
            }
        }
        return InstalledDrivers(lists: lists, errors: errors)
    }

    /// What the drivers say about one USB device of a profile.
    public enum Service: Hashable, Sendable {
        /// This one serves it.
        case served(DriverList)
        /// This one would from version `since` on.
        case needs(driver: ReaderProfile.Driver.Name, since: String, installed: String)
        /// This one would, if it were installed.
        case notInstalled(ReaderProfile.Driver.Name)
        /// Its maker's would, which Debian does not have.
        case notInstalledVendor
        /// They are installed and none of them knows it.
        case unknown
    }

    /// The best driver of `profile` for `identity`, or every reason why none could be found.
    public func service(of identity: USBIdentity, _ profile: ReaderProfile) -> [Service] {
        var excuses: [Service] = []
        for driver in profile.drivers {
            let installed = lists.filter { $0.name == driver.name }
            if let list = installed.first(where: { $0.readers[identity] != nil }) { return [.served(list)] }
            if let since = driver.since, let list = installed.first, !list.isAtLeast(since) {
                excuses.append(.needs(driver: driver.name, since: since, installed: list.version))
            } else if driver.name == .vendor {
                // One maker's list says nothing about another maker's driver.
                excuses.append(.notInstalledVendor)
            } else if installed.isEmpty {
                excuses.append(.notInstalled(driver.name))
            }
        }
        return excuses.isEmpty ? [.unknown] : excuses
    }

    /// What contradicts the drivers in `profile`, whose file is called `file`.
    func findings(about profile: ReaderProfile, file: String) -> [ProfileFinding] {
        var findings: [ProfileFinding] = []
        func add(_ code: ProfileFinding.Code, _ path: String, _ details: [String]) {
            let finding = ProfileFinding(code: code, file: file, path: path, details: details)
            if !findings.contains(finding) { findings.append(finding) }
        }
        let names = profile.drivers.map(\.name.rawValue).joined(separator: ", ")
        for (index, pattern) in profile.match.usb.enumerated() {
            let path = "match.usb[\(index)]"
            let identity = pattern.identity
            // A reader that must or can not be used needs no driver.
            for service in profile.isUsable ? service(of: identity, profile) : [] {
                switch service {
                case .served(let list):
                    if profile.signals.contains(where: { $0.transport == .escape }), list.name == .ccid,
                        !list.allowsEscape
                    {
                        add(.escapeOff, "controlCodes", [list.title, list.path])
                    }
                case .needs(let driver, let since, let installed):
                    add(.driverTooOld, path, ["\(identity)", driver.package, since, installed])
                case .notInstalled(let driver):
                    add(.driverNotInstalled, path, [driver.rawValue, "\(identity)", driver.package])
                case .notInstalledVendor: add(.driverNotChecked, path, ["\(identity)"])
                case .unknown: add(.unknownToDrivers, path, ["\(identity)", names])
                }
            }
            for finding in namesFindings(identity, profile, path) { add(finding.code, finding.path, finding.details) }
        }
        return findings
    }

    /// Whether the names that drivers give the device lead to the profile, and to the reader rather than another slot.
    private func namesFindings(
        _ identity: USBIdentity, _ profile: ReaderProfile, _ path: String
    ) -> [(code: ProfileFinding.Code, path: String, details: [String])] {
        var findings: [(code: ProfileFinding.Code, path: String, details: [String])] = []
        for list in lists where profile.drivers.contains(where: { $0.name == list.name }) {
            for friendly in list.readers[identity] ?? [] {
                let name = friendly.lowercased()
                let parts = profile.match.names
                if !parts.isEmpty, !parts.contains(where: { name.contains($0.lowercased()) }) {
                    findings.append((.nameNotDrivers, path, ["\(identity)", friendly, list.title]))
                }
                for (index, part) in profile.match.otherSlots.enumerated() where name.contains(part.lowercased()) {
                    findings.append(
                        (.driverNameIsOtherSlot, "match.otherSlots[\(index)]", [part, friendly, list.title]))
                }
            }
        }
        return findings
    }

    /// How far `profile` may be relied on here, in a phrase: support, the reason against it, the drivers it holds with.
    ///
    /// The reason is the profile's own text, in the language that it is written in.
    public func statement(of profile: ReaderProfile, in language: Language = .english) -> String {
        statementText(of: profile)[language]
    }

    private func statementText(of profile: ReaderProfile) -> Text {
        let support = profile.support.text
        let reason = profile.supportReason
        if !profile.isUsable {
            return reason.map { Text("\(support.chinese)：\($0)", "\(support.english): \($0)") } ?? support
        }
        var places: [Text] = []
        for identity in profile.match.usb.map(\.identity) {
            for place in service(of: identity, profile).map(Self.words) where !places.contains(place) {
                places.append(place)
            }
        }
        if places.isEmpty {
            let names = profile.drivers.map(\.name.rawValue)
            places = [
                Text(
                    "配合 \(names.joined(separator: " 或 "))", "with " + names.joined(separator: " or "))
            ]
        }
        let (chinese, english) = (places.map(\.chinese) + [reason].compactMap(\.self), places.map(\.english))
        return Text(
            "\(support.chinese)，" + chinese.joined(separator: "；"),
            "\(support.english) " + (english + [reason].compactMap(\.self)).joined(separator: "; "))
    }

    private static func words(_ service: Service) -> Text {
        switch service {
        case .served(let list): Text("配合已安装的 \(list.title)", "with \(list.title), installed")
        case .needs(let driver, let since, let installed):
            Text(
                "需要 \(driver.package) \(since) 或更新，已安装 \(installed)",
                "if \(driver.package) were \(since) or later, installed \(installed)")
        case .notInstalled(let driver):
            Text("配合 \(driver.rawValue)，未安装", "with \(driver.rawValue), not installed")
        case .notInstalledVendor: Text("配合厂家自己的驱动", "with the maker's own driver")
        case .unknown: Text("但已安装的驱动都不认识它", "but known to no driver installed")
        }
    }
}

extension DriverList {
    /// For people.
    public var title: String { name == .ccid ? "libccid \(version)" : "\(name.rawValue) \(version)" }
}

extension ReaderProfile.Driver.Name {
    /// Debian's package.
    var package: String {
        switch self {
        case .ccid: "libccid"
        case .acsccid: "libacsccid1"
        case .vpcd: "vsmartcard-vpcd"
        case .vendor: "the maker's driver"
        }
    }
}
