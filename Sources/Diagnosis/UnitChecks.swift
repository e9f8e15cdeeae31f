import Health
import Platform

/// How systemd has one unit; the words are `systemctl show`'s (org.freedesktop.systemd1(5)).
public struct UnitState: Sendable, Hashable {
    /// Its name, as in `yikad.service`.
    public var name: String
    /// `loaded`, `not-found`, `masked`, …
    public var load: String
    /// `enabled`, `disabled`, `static`, …
    public var file: String
    /// `active`, `inactive`, `failed`, …
    public var active: String

    /// A unit that is so.
    public init(_ name: String, load: String = "loaded", file: String, active: String) {
        self.name = name
        self.load = load
        self.file = file
        self.active = active
    }

    /// Asks systemd; `nil`: it is not there, or does not answer.
    static func ask(_ names: [String]) -> [UnitState]? {
        let asked = ["systemctl", "show", "--property=Id,LoadState,UnitFileState,ActiveState"] + names
        guard let done = try? Command.run(asked), done.status == 0 else { return nil }
        return read(String(decoding: done.output, as: UTF8.self))
    }

    /// Reads what `systemctl show` prints: a block of lines for each unit, an empty line between two.
    static func read(_ text: String) -> [UnitState] {
        var units: [UnitState] = []
        var values: [Substring: String] = [:]
        for line in (text + "\n").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                if let name = values["Id"] {
                    units.append(
                        UnitState(
                            name, load: values["LoadState"] ?? "", file: values["UnitFileState"] ?? "",
                            active: values["ActiveState"] ?? ""))
                }
                values = [:]
            } else if let equals = line.firstIndex(of: "=") {
                values[line[..<equals]] = String(line[line.index(after: equals)...])
            }
        }
        return units
    }
}

extension Check {
    /// What starts at boot. Whether the terminal itself runs is ``daemon``'s to say.
    private static let startedByThemselves = [
        "yikad.service", "yika-reader-reset.path", "yika-close-day.timer", "yika-renew.timer",
    ]
    /// What those start.
    private static let started = ["yika-reader-reset.service", "yika-close-day.service", "yika-renew.service"]

    static let units = Check("units", Text("服务和定时器", "services and timers")) { examination in
        guard let found = examination.box.units(startedByThemselves + started), !found.isEmpty else {
            return [Finding("units", .skipped, Text("systemd 没有应答", "systemd does not answer"))]
        }
        func finding(_ notice: Notice, _ matches: (UnitState) -> Bool) -> Finding? {
            let names = found.filter { $0.load != "not-found" && matches($0) }.map(\.name)
            guard !names.isEmpty else { return nil }
            let (chinese, english) = (names.joined(separator: "、"), names.joined(separator: ", "))
            return Finding("units", .trouble(notice), Text(chinese, english))
        }
        return [
            finding(.unitDisabled) { startedByThemselves.contains($0.name) && !$0.file.hasPrefix("enabled") },
            finding(.unitFailed) { $0.active == "failed" && $0.name != "yikad.service" },
        ].compactMap { $0 }
    }
}
