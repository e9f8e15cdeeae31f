/// Commands that ask the daemon about the whole terminal, and those for readers and cards.
extension Case {
    static let terminal = status + daemonCommands + explain + doctor + bugReport + hotlist + readers + cards

    private static func status(_ conditions: String) -> String {
        """
        {"answer":"status","version":"0.9.0","process":4711,"forSeconds":7300,"configuration":"/etc/yika/yikad.json5",\
        "name":"Canteen 2, door A","role":"activation","doing":"waiting for cards","readers":[{"name":"ACS ACR122U 00 00",\
        "profile":"acr122u","why":"USB 072F:2200","state":"waiting"}],"taps":12,"lastTap":{"code":"YK-A01",\
        "secondsAgo":30,"milliseconds":3120},"voice":{"device":"default","languages":["zh-CN","en"],"volume":80},\
        "screenPort":8080,"conditions":[\(conditions)],"sync":\(conditions.isEmpty ? well : outage)}
        """
    }
    private static let unreachable =
        #"{"code":"YK-N01","id":"ledger-unreachable","severity":"degraded","detail":"curl-7","forSeconds":300,"isVisible":true}"#

    private static let status =
        both("status", "status --config STAGE/yikad.json5") { try $0.playDaemon(["status": [status("")]]) }
        + both("status-outage", "status --socket STAGE/run/control.sock") {
            try $0.playDaemon(["status": [status(unreachable)]])
        }
        + both("status-no-daemon", "status --config STAGE/yikad.json5")
        + both("status-other-version", "status --config STAGE/yikad.json5") { try $0.playDaemon([:]) }
        + both("status-no-configuration", "status")

    private static let events = [
        #"{"answer":"monitor"}"#, #"{"event":"tap","at":61000,"tap":3,"reader":"ACS ACR122U 00 00","what":"card"}"#,
        #"{"event":"apdu","at":61030,"tap":3,"what":"FF CA 00 00 (5) 90 00","microseconds":29500}"#,
        #"{"event":"ended","at":64120,"tap":3,"code":"YK-A01","card":"…e5f6","milliseconds":3120,"apdus":26}"#,
    ]

    private static let daemonCommands =
        both("metrics", "metrics --config STAGE/yikad.json5") {
            try $0.playDaemon(["metrics": [#"{"answer":"metrics","text":"yika_taps_total 12\n"}"#]])
        }
        + both("metrics-no-daemon", "metrics --config STAGE/yikad.json5")
        + both("close-day", "close-day --config STAGE/yikad.json5") {
            try $0.playDaemon(day(#""outcome":"closing","operatorNumber":7,"sales":120,"totalFen":145050"#))
        }
        + both("close-day-nothing", "close-day --config STAGE/yikad.json5") {
            try $0.playDaemon(day(#""outcome":"nothing-to-do""#))
        }
        + both("close-day-busy", "close-day --config STAGE/yikad.json5") {
            try $0.playDaemon(day(#""outcome":"busy""#))
        }
        + both("monitor", "monitor --config STAGE/yikad.json5 --taps 1") { try $0.playDaemon(["monitor": events]) }

    private static func day(_ fields: String) -> [String: [String]] {
        ["close-day": [#"{"answer":"close-day",\#(fields)}"#], "sync-now": [well]]
    }

    private static let explain = both("explain", "explain YK-R01") + both("explain-nothing", "explain YK-Z99")

    private static let doctor =
        both("doctor-list", "doctor --list")
        + both("doctor", "doctor --check configuration --config STAGE/yikad.json5")
        + both("doctor-trouble", "doctor --check configuration --config STAGE/nowhere.json5")
        + both("doctor-unknown", "doctor --check nothing")

    /// What one contains is the machine's own, and its id is drawn: `BugReportTests` looks into one.
    private static let bugReport = both(
        "bugreport-not-writable", "bugreport --out STAGE/nowhere/report.tar.gz --config STAGE/yikad.json5")

    private static let hotlist =
        both("hotlist-check-none", "hotlist check 01020304 --config STAGE/yikad.json5") { try $0.layCredentials() }
        + both("hotlist-check-wrong", "hotlist check 0102 --config STAGE/yikad.json5")

    private static let readers =
        both("reader-list-nothing", "reader list --config STAGE/yikad.json5")
        + both("reader-probe-nothing", "reader probe --config STAGE/yikad.json5 --wait 0")
        + both("reader-record-nothing", "reader record STAGE/recording.json --config STAGE/yikad.json5 --wait 0")
        + both("reader-reset-nothing", "reader reset nothing --config STAGE/yikad.json5")
        + both("reader-probe", "reader probe --reader 00~00 --count 3 --config STAGE/yikad.json5") { try $0.layCard() }
        + both("reader-probe-several", "reader probe --config STAGE/yikad.json5") { try $0.layCard() }
        + both("reader-probe-other", "reader probe --reader Nobody's --config STAGE/yikad.json5") { try $0.layCard() }
        + both(
            "reader-record-used", "reader record STAGE/recording.json --reader 00~00 --config STAGE/yikad.json5"
        ) { try $0.layCard() }

    private static let cards =
        ["card read", "card dump", "card check", "card activate --dry-run"].flatMap { command in
            let name = command.split(separator: " ").prefix(2).joined(separator: "-")
            return both(name, "\(command) --reader 00~00 --config STAGE/yikad.json5") { try $0.layCard() }
                + both("\(name)-nothing", "\(command) --wait 0 --config STAGE/yikad.json5") { try $0.layCredentials() }
        } + both("card-activate-wet", "card activate --config STAGE/yikad.json5")
        + both("card-read-not-enrolled", "card read --config STAGE/yikad.json5")
}
