import Testing

/// One run of the tool whose output is held: what is typed, and what it finds.
///
/// A new subcommand gets its cases beside the others'; `GoldenTests` demands one at least.
struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let arguments: [String]
    var input = ""
    var prepare: @Sendable (Stage) throws -> Void = { _ in }

    var testDescription: String { name }

    /// - Parameter line: the command line without `yika`; an argument with a blank in it has `~` there.
    init(
        _ name: String, _ line: String, input: String = "",
        prepare: @escaping @Sendable (Stage) throws -> Void = { _ in }
    ) {
        self.name = name
        arguments = line.split(separator: " ").map { String($0).replacing("~", with: " ") }
        self.input = input
        self.prepare = prepare
    }

    /// The same, and again under `--json`.
    static func both(
        _ name: String, _ line: String, input: String = "",
        prepare: @escaping @Sendable (Stage) throws -> Void = { _ in }
    ) -> [Case] {
        [
            Case(name, line, input: input, prepare: prepare),
            Case(name + "-json", line + " --json", input: input, prepare: prepare),
        ]
    }

    static let all = commandLine + enrol + renew + sync + say + voice + journal + profile + simulate + terminal
}

extension Case {
    private static let commandLine =
        both("unknown-option", "voice list --loud") + both("unknown-command", "sync later")
        + both("missing-argument", "profile show") + both("missing-value", "say --amount")
        + both("no-configuration", "sync status")
        + both("configuration-missing", "sync status --config STAGE/nowhere.json5")
        + both("configuration-malformed", "sync status --config STAGE/broken.json5") {
            try $0.write("broken.json5", "{ terminal: { number: 0 } }")
        }

    private static let enrol =
        both("enrol", "enrol --config STAGE/yikad.json5 --token ONCE-ONLY --url LEDGER") { try $0.playLedger() }
        + both("enrol-again", "enrol --config STAGE/yikad.json5 --token ONCE-ONLY --url LEDGER") { stage in
            try stage.playLedger()
            _ = try Tool.run(
                ["enrol", "--config", "STAGE/yikad.json5", "--token", "ONCE-ONLY", "--url", "LEDGER"], stage: stage)
        }
        + both("enrol-refused", "enrol --config STAGE/yikad.json5 --token - --url LEDGER", input: "WRONG\n") {
            try $0.playLedger()
        }
        + both("enrol-unreachable", "enrol --config STAGE/yikad.json5 --token ONCE-ONLY")
        + both("enrol-plain", "enrol --config STAGE/yikad.json5 --token ONCE-ONLY --url http://192.0.2.1")

    private static let renewed = #"{"renewed":true,"expiresMilliseconds":1861920000000}"#
    private static let renew =
        both("renew", "renew --config STAGE/yikad.json5") { stage in
            try stage.playRenewals("200 OK", renewed)
            try stage.playDaemon(["credentials": [#"{"answer":"credentials","outcome":"taken"}"#]])
        }
        + both("renew-unheard", "renew --config STAGE/yikad.json5") { stage in
            try stage.playRenewals("200 OK", renewed)
            try stage.playDaemon(["credentials": [#"{"answer":"credentials","outcome":"unreadable","detail":"?"}"#]])
        }
        + both("renew-not-yet", "renew --config STAGE/yikad.json5") {
            try $0.playRenewals("200 OK", #"{"renewed":false,"expiresMilliseconds":1861920000000}"#)
        }
        + both("renew-refused", "renew --config STAGE/yikad.json5") {
            try $0.playRenewals("409 No", #"{"code":"L-RENEWED","message":"renewed with another secret"}"#)
        }
        + both("renew-expired", "renew --config STAGE/yikad.json5") {
            try $0.playRenewals("401 No", #"{"code":"L-EXPIRED","message":"run out"}"#)
        }
        + both("renew-unreachable", "renew --config STAGE/yikad.json5") { try $0.layCredentials() }
        + both("renew-not-enrolled", "renew --config STAGE/yikad.json5")

    private static func report(_ fields: String) -> String {
        """
        {"answer":"sync-status","terminal":101,"epoch":5,"url":"https://ledger.example",\(fields),"acknowledged":5,\
        "lastSequence":8,"batch":512,"attempts":4,"rosterVersion":12,"hotlistVersion":90,"settingsVersion":3}
        """
    }
    static let well = report(
        #""connected":true,"forSeconds":90000,"uploading":true,"queued":0,"sending":false"#)
    static let outage = report(
        #""connected":false,"forSeconds":300,"uploading":false,"queued":3,"oldestSeconds":305,"sending":false,"#
            + #""nextTryMilliseconds":12000,"lastSuccessWallMilliseconds":1704067200000,"lastFailure":{"code":"YK-N01","#
            + #""detail":"ledger unreachable (curl-7): no route","nextStep":"check the network cable","#
            + #""kind":"unreachable","cause":"curl-7","wallMilliseconds":1704067230000}"#)
    private static let frozen = report(
        #""connected":true,"forSeconds":8000,"uploading":true,"queued":3,"oldestSeconds":305,"sending":false,"stop":"#
            + #"{"code":"YK-N03","detail":"the ledger has other records","nextStep":"call the card centre"}"#)

    private static let sync =
        both("sync-status", "sync status --config STAGE/yikad.json5") {
            try $0.playDaemon(["sync-status": [well]])
        }
        + both("sync-status-outage", "sync status --socket STAGE/run/control.sock") {
            try $0.playDaemon(["sync-status": [outage]])
        }
        + [
            Case("sync-status-frozen", "sync status --socket STAGE/run/control.sock") {
                try $0.playDaemon(["sync-status": [frozen]])
            },
            Case("sync-status-other-version", "sync status --socket STAGE/run/control.sock") { try $0.playDaemon([:]) },
        ]
        + both("sync-status-no-daemon", "sync status --config STAGE/yikad.json5") {
            try $0.layJournal("state/journal")
        }
        + both("sync-status-nothing", "sync status --config STAGE/yikad.json5")
        + both("sync-now-nothing", "sync now --config STAGE/yikad.json5") {
            try $0.playDaemon(["sync-now": [well.replacing("sync-status", with: "sync-now")]])
        }
        + [
            Case("sync-now", "sync now --config STAGE/yikad.json5") {
                try $0.playDaemon([
                    "sync-now": [outage.replacing("sync-status", with: "sync-now")], "sync-status": [well],
                ])
            },
            Case("sync-now-outage", "sync now --config STAGE/yikad.json5") {
                try $0.playDaemon([
                    "sync-now": [outage.replacing("sync-status", with: "sync-now")],
                    "sync-status": [outage.replacing(#""attempts":4"#, with: #""attempts":5"#)],
                ])
            },
        ]

    private static func said(_ what: String) -> [String: [String]] {
        ["say": [#"{"answer":"say","tag":7}"#, #"{"event":"prompt","tap":7,"what":"\#(what)"}"#]]
    }

    private static let say =
        both("say-daemon", "say activated --config STAGE/yikad.json5 --voices STAGE/voices") {
            try $0.playDaemon(said("finished"))
        }
        + both("say-daemon-dropped", "say activated --config STAGE/yikad.json5 --voices STAGE/voices") {
            try $0.playDaemon(said("dropped"))
        }
        + [Case("say-here", "say activated --device yika_test --voices STAGE/voices")]
        + both("say-no-device", "say activated --device yika_nowhere --voices STAGE/voices")
        + both("say-unknown", "say nonsense --voices STAGE/voices")
        + [Case("say-wrong-amount", "say --amount 1.234")]

    private static let voice =
        both("voice-list", "voice list --voices STAGE/voices")
        + both("voice-list-nothing", "voice list --voices /nowhere")
        + [Case("voice-list-gaps", "voice list --voices STAGE/voices") { try $0.spoilVoices() }]
        + both("voice-check", "voice check --voices STAGE/voices")
        + both("voice-check-faults", "voice check --voices STAGE/voices") { try $0.spoilVoices() }
        + both("voice-check-malformed", "voice check --voices STAGE/voices") {
            try $0.write("voices/catalogue.json5", "{ version: 1 ")
        }
        + both("voice-test", "voice test --device yika_test")
        + both("voice-test-nothing", "voice test --device yika_nowhere")
}
