extension Case {
    static let journal = journalWhole + journalExport + soak

    private static let journalWhole =
        both("journal-verify", "journal verify --directory STAGE/journal --key STAGE/key") { try $0.layJournal() }
        + both("journal-verify-damaged", "journal verify --directory STAGE/journal") { stage in
            try stage.layJournal()
            try stage.damage(record: 3)
            try stage.damage(record: 6)
            try stage.damage(record: 7)
        }
        + [
            Case("journal-verify-broken", "journal verify --directory STAGE/journal --key STAGE/key") { stage in
                try stage.layJournal()
                try stage.write("key", String(repeating: "08", count: 32))
            },
            Case("journal-verify-no-cursor", "journal verify --directory STAGE/journal") { stage in
                try stage.layJournal()
                try stage.write("journal/cursor", "")
            },
        ]
        + both("journal-verify-nowhere", "journal verify --directory /nowhere")
        + both("journal-verify-none", "journal verify --directory STAGE/run")
        + both("journal-dump", "journal dump --directory STAGE/journal --from 3 --key STAGE/key") {
            try $0.layJournal()
        }
        + [
            Case("journal-dump-reveal", "journal dump --directory STAGE/journal --type outcome --reveal") {
                try $0.layJournal()
            },
            Case("journal-dump-wrong-type", "journal dump --type sales"),
            Case("journal-dump-gaps", "journal dump --directory REPO/Tests/JournalTests/Fixtures/format-1 --type gap"),
        ]
        + both("journal-dump-nowhere", "journal dump --directory /nowhere")
        + both("journal-stats", "journal stats --directory STAGE/journal") { try $0.layJournal() }
        + both("journal-stats-damaged", "journal stats --directory STAGE/journal") { stage in
            try stage.layJournal()
            try stage.damage(record: 6)
        }
        + both("journal-stats-nowhere", "journal stats --directory /nowhere")

    private static let journalExport =
        both("journal-export", "journal export STAGE/copy --directory STAGE/journal --key STAGE/key") {
            try $0.layJournal()
        }
        + both("journal-export-there", "journal export STAGE/run --directory STAGE/journal") { try $0.layJournal() }
        + both("journal-export-nowhere", "journal export STAGE/copy --directory /nowhere")

    private static let soak =
        both("journal-soak", "journal soak STAGE/disk-soak --records 3")
        + both(
            "journal-soak-check", "journal soak STAGE/disk-soak --check", input: "answered 1 0 1\nanswered 2 0 2\n"
        ) { stage in
            _ = try Tool.run(["journal", "soak", "STAGE/disk-soak", "--records", "3"], stage: stage)
        }
        + both(
            "journal-soak-lost", "journal soak STAGE/disk-soak --check",
            input: #"{"base":0,"count":4,"event":"answered","sequence":4}"# + "\n"
        ) { stage in
            _ = try Tool.run(["journal", "soak", "STAGE/disk-soak", "--records", "3"], stage: stage)
        }
        + both("journal-soak-nowhere", "journal soak /nowhere/disk-soak")
        + both("journal-soak-name", "journal soak STAGE/disk")

    private static let drivers = "--drivers REPO/Tests/YikaToolTests/Fixtures/Info.plist"

    static let profile = profileChecks + profileOthers

    private static let profileChecks =
        both("profile-check", "profile check --profiles STAGE/readers \(drivers)")
        + both(
            "profile-check-faults",
            "profile check --profiles STAGE/readers \(drivers)"
        ) { stage in
            try stage.copy(Stage.fixtures + "/faulty-copy.json5", to: "readers/acme-copy.json5")
            try stage.write("readers/broken.json5", "{ id: ")
        }
        + both("profile-check-unknown", "profile check --profiles STAGE/readers nothing")
        + both("profile-check-nowhere", "profile check --profiles /nowhere")
        + both("profile-match", "profile match Acme~Wave~Reader~00~00 --profiles STAGE/readers")
        + both("profile-match-disabled", "profile match Acme~Old~00~00 --profiles STAGE/readers")
        + [
            Case("profile-match-usb", "profile match Any --usb F00D:0001 --profiles STAGE/readers"),
            Case("profile-match-slot", "profile match Acme~Wave~SAM~00~01 --profiles STAGE/readers"),
            Case("profile-match-fake", "profile match Any --usb F00D:0001 --product Wavv --profiles STAGE/readers"),
            Case("profile-match-fallback", "profile match Nobody's --profiles STAGE/readers") {
                try $0.write("readers/broken.json5", "{ id: ")
            },
        ]
        + both("profile-match-nothing", "profile match Any --usb F00D")

    private static let profileOthers =
        both(
            "profile-show",
            "profile show acme-wave --profiles STAGE/readers \(drivers)")
        + both("profile-show-unknown", "profile show nothing --profiles STAGE/readers")
        + both("profile-show-broken", "profile show broken --profiles STAGE/readers") {
            try $0.write("readers/broken.json5", "{ id: ")
        }
        + both("profile-new", "profile new acme-new --title Acme~New --profiles STAGE/readers")
        + both("profile-new-there", "profile new acme-wave --title Mine --profiles STAGE/readers")

    private static let reader = "--port 1 --profiles STAGE/readers --reader"
    private static let cards = "--layout REPO/device-profiles/cards/campus-2026.json5"

    static let simulate =
        both("simulate-card-nothing", "simulate card --image /nowhere.mfd \(reader) acme-wave")
        + both("simulate-card-malformed", "simulate card --image STAGE/card.mfd \(reader) acme-wave") {
            try $0.write("card.mfd", "no card")
        }
        + both("simulate-card-unknown", "simulate card --image STAGE/card.mfd \(reader) none")
        + both(
            "simulate-new-card",
            "simulate new-card STAGE/card.mfd --uid 04A1B2C3D4E5F6 --holder 2026010001 \(cards) "
                + "--keys REPO/device-profiles/terminals/demo/keys.json5")
        + both(
            "simulate-new-card-malformed",
            "simulate new-card STAGE/card.mfd --uid 04A1B2C3 --holder 2026010001 --layout STAGE/layout.json5 "
                + "--keys REPO/device-profiles/terminals/demo/keys.json5"
        ) { try $0.write("layout.json5", "{ id: 7 }") }
        + both(
            "simulate-new-card-nowhere",
            "simulate new-card /nowhere/card.mfd --uid 04A1B2C3 --holder 2026010001 \(cards) "
                + "--keys REPO/device-profiles/terminals/demo/keys.json5")
        + [Case("simulate-new-card-uid", "simulate new-card STAGE/card.mfd --uid 04 --holder 2026010001")]
}
