import DeviceProfiles
import Foundation
import Platform
import TestSupport
import Testing

@Suite("What a check finds in reader profiles")
struct ProfileCheckTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test("A good profile of a wild dialect is clean, down to the notes, and says with which driver")
    func goodProfile() throws {
        let check = try check(Provocation(.notLoaded, []))
        #expect(check.findings == [])
        #expect(check.ids == ["acme-wave", "generic-pcsc"])
        let profile = try #require(check.library.profile(id: "acme-wave"))
        #expect(check.drivers.statement(of: profile) == "supported with libccid 1.5.2, installed")
    }

    @Test("Each mistake is found under its code, at its value, and nothing else is", arguments: provocations)
    func provoked(_ provocation: Provocation) throws {
        let check = try check(provocation)
        let found = check.findings.map { "\($0.code.rawValue) \($0.path)" }
        #expect(Set(found) == Set(provocation.expected))
        for finding in check.findings {
            for language in Language.allCases {
                let (what, next) = (finding.what(in: language), finding.next(in: language))
                #expect(!what.contains("%") && !next.contains("%") && !next.isEmpty, "\(language)")
                #expect(what != finding.code.rawValue, "no text for \(finding.code)")
                for detail in finding.details where finding.what.contains(detail) {
                    #expect(what.contains(detail), "\(finding.code): \(detail)")
                }
            }
        }
    }

    @Test("Every code there is has been provoked")
    func allProvoked() {
        let provoked = Set(provocations.map(\.code))
        let missing = ProfileFinding.Code.allCases.filter { !provoked.contains($0) }
        #expect(missing == [])
        print(
            "findings: \(provocations.count) mistakes, \(provoked.count) of \(ProfileFinding.Code.allCases.count) codes"
        )
    }

    @Test("Notes leave a profile clean; warnings and faults do not")
    func cleanness() throws {
        for provocation in provocations {
            let check = try check(provocation)
            let isWorse = check.findings.contains { $0.severity != .note }
            #expect(check.findings.isClean == !isWorse)
        }
        #expect(ProfileFinding.Severity.allCases.sorted() == [.fault, .warning, .note])
    }

    @Test("Profiles that share a USB device are told apart by what excludes each other, and by nothing else")
    func sharedDevices() throws {
        let mine = "{ id: \"F00D:0001\", bcdDevice: [\"0100\", \"0200\"] }"
        let apart = [
            "{ id: \"F00D:0001\", bcdDevice: [\"0201\", \"0300\"] }", "\"F00D:0001\"",
            "{ id: \"F00D:0001\", bcdDevice: [\"0100\", \"0200\"], interface: 0 }",
        ]
        let tied = ["{ id: \"F00D:0001\", bcdDevice: [\"0200\", \"0300\"] }", "{ id: \"F00D:0001\", interface: 0 }"]
        for (others, expected) in [(apart, []), (tied, ["PC-60 match.usb[0]"])] {
            for other in others {
                let provocation = Provocation(
                    .sameDevice, [], [("\"F00D:0001\"]", "\(mine)]")],
                    other: [("\"F00D:0001\"]", "\(other)]"), ("Acme Wave\"]", "Wave Reader\", \"Tide Reader\"]")])
                let found = try check(provocation).findings.map { "\($0.code.rawValue) \($0.path)" }
                #expect(found == expected, "\(other)")
            }
        }
    }

    @Test("The statement says what is missing for a reader here, or why it is not used")
    func statements() throws {
        let elsewhere = ("[\"F00D:0001\"]", "[\"F00D:0009\"]")
        let cases: [([(String, String)], String)] = [
            ([elsewhere], "supported but known to no driver installed"),
            (
                [elsewhere, ("{ name: \"ccid\" }", "{ name: \"acsccid\" }, { name: \"ccid\", since: \"1.10.0\" }")],
                "supported with acsccid, not installed; if libccid were 1.10.0 or later, installed 1.5.2"
            ),
            ([elsewhere, ("\"ccid\" }", "\"vendor\" }")], "supported with the maker's own driver"),
            ([("usb: [\"F00D:0001\"],", "")], "supported with ccid"),
            (
                [("\"supported\"", "\"supported\", supportReason: \"its keyboard twin is not\"")],
                "supported with libccid 1.5.2, installed; its keyboard twin is not"
            ),
            ([("\"supported\"", "\"disabled\", supportReason: \"no keys\"")], "disabled: no keys"),
        ]
        for (changes, statement) in cases {
            let check = try check(Provocation(.notLoaded, [], changes))
            let profile = try #require(check.library.profile(id: "acme-wave"))
            #expect(check.drivers.statement(of: profile) == statement)
        }
    }

    @Test("An unusable reader needs no driver, and a driver's since is compared as numbers, not as text")
    func needless() throws {
        let elsewhere = ("[\"F00D:0001\"]", "[\"F00D:0009\"]")
        let unusable = ("\"supported\"", "\"unsupported\", supportReason: \"another bus\"")
        #expect(try check(Provocation(.notLoaded, [], [elsewhere, unusable])).findings == [])
        let old = ("{ name: \"ccid\" }", "{ name: \"ccid\", since: \"1.5\" }")
        #expect(try check(Provocation(.notLoaded, [], [elsewhere, old])).findings.map(\.code) == [.unknownToDrivers])
    }

    @Test("One command for one block and for several is no mistake: for one block it means the same")
    func oneBlockOrSeveral() throws {
        #expect(try check(Provocation(.notLoaded, [], [("A7 22", "A7 20"), ("A7 23", "A7 21")])).findings == [])
    }

    @Test("The shipped profiles are clean against the drivers installed here")
    func shippedProfiles() {
        let drivers = InstalledDrivers.load()
        let check = ProfileCheck(directory: Repository.profiles + "/readers", drivers: drivers)
        let grave = check.findings.filter { $0.severity != .note }
        #expect(grave.isEmpty, "\(grave.map { "\($0.code.rawValue) \($0.file) \($0.path): \($0.what)" })")
        print("profiles: \(check.ids.count) checked, \(check.findings.count) notes")
    }

    private func check(_ provocation: Provocation) throws -> ProfileCheck {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        }
        try folder.write(try changed(AcmeWave.profile, provocation.changes), to: "acme-wave.json5")
        if let changes = provocation.other {
            let text = try changed(AcmeWave.profile, [("\"acme-wave\"", "\"other\"")] + changes)
            try folder.write(text, to: "other.json5")
        }
        if provocation.hasFallback {
            try FileManager.default.copyItem(
                atPath: Repository.profiles + "/readers/generic-pcsc.json5",
                toPath: folder.path + "/generic-pcsc.json5")
        }
        let list = try folder.write(try changed(AcmeWave.driver, provocation.driver), to: "Info.plist")
        return ProfileCheck(directory: folder.path, drivers: InstalledDrivers.load(paths: [list]))
    }

    private func changed(_ text: String, _ changes: [(String, String)]) throws -> String {
        try changes.reduce(text) { text, change in
            try #require(text.contains(change.0), "nothing to change: \(change.0)")
            return text.replacing(change.0, with: change.1)
        }
    }
}

/// A change that makes something of a good profile wrong, and what must be found then.
struct Provocation: Sendable, CustomTestStringConvertible {
    let code: ProfileFinding.Code
    let expected: [String]
    let changes: [(String, String)]
    /// Of a second profile; `nil`: there is none.
    let other: [(String, String)]?
    /// Of the driver's list.
    let driver: [(String, String)]
    let hasFallback: Bool

    init(
        _ code: ProfileFinding.Code, _ paths: [String], _ changes: [(String, String)] = [],
        other: [(String, String)]? = nil, driver: [(String, String)] = [], hasFallback: Bool = true,
        also: [String] = []
    ) {
        self.code = code
        expected = paths.map { "\(code.rawValue) \($0)" } + also
        (self.changes, self.other, self.driver, self.hasFallback) = (changes, other, driver, hasFallback)
    }

    var testDescription: String { "\(code.rawValue) \((changes + driver).map(\.1).joined(separator: ", "))" }
}

private let unlike = [("[\"F00D:0001\"]", "[]"), ("names: [\"Acme Wave\"]", "names: [\"Tide\"]")]
private let elsewhere = ("[\"F00D:0001\"]", "[\"F00D:0009\"]")

private let provocations = commandProvocations + keyProvocations + statementProvocations + otherProvocations

private let commandProvocations = [
    Provocation(.notLoaded, ["id"], [("\"acme-wave\"", "\"wave\"")]),
    Provocation(.notLoaded, ["verified"], [("verified: true", "verified: 1")]),
    Provocation(.commandShape, ["commands.authenticate"], [("02 00 {block}", "03 00 {block}")]),
    Provocation(.commandShape, ["commands.read"], [("A7 20 {block} 00 10", "A7 20 {block} 00 {block} 10")]),
    Provocation(.commandShape, ["lights.onSuccess.send"], [("A7 40 01 00 00", "A7 40 01 00 00 00")]),
    Provocation(.commandShape, ["setup[0].send"], [("A7 41 00 00 00", "A7 41 00")]),
    Provocation(
        .commandTooLong, ["commands.writeWithKey"],
        [("{rest} {key} {blocks}\", most: 3", "{rest} {key} {blocks}\", most: 16")],
        also: ["PC-12 commands.writeWithKey"]),
    Provocation(.exceedsMessage, ["commands.writeBlocks", "commands.writeWithKey"], [("message: 271", "message: 60")]),
    Provocation(
        .exceedsMessage, ["commands.readBlocks"],
        [("00 {length}\", most: 3", "00 {length}\", most: 6"), ("message: 271", "message: 70")]),
    Provocation(.lengthIsNoByte, ["commands.readBlocks"], [("00 {length}\", most: 3", "00 {length}\", most: 16")]),
    Provocation(
        .lengthIsNoByte, ["commands.writeBlocks"], [("00 {rest} {blocks}\", most: 3", "00 {rest} {blocks}\", most: 16")]
    ),
    Provocation(.ambiguousCommand, ["commands.increment", "commands.decrement"], [("A7 31", "A7 30")]),
    // Reading one block by either command is the same; three blocks by the wrong one are not.
    Provocation(
        .ambiguousCommand, ["commands.writeBlocks", "commands.writeWithKey"],
        [("A7 25 {block} {keyType} {rest} {key} {blocks}", "A7 23 {block} 00 {rest} {key} {blocks}")]),
    Provocation(
        .okIsAlsoFailure, ["statusWords.authenticationFailed"],
        [("authenticationFailed: [\"E101\"]", "authenticationFailed: [\"E101\", \"2000\"]")]),
    Provocation(
        .okIsAlsoFailure, ["statusWords.noAnswer"],
        [("unsupported: [\"E106\"]", "unsupported: [\"E106\"], perOperation: { read: { noAnswer: [\"2000\"] } }")]),
    Provocation(.failureLikeSuccess, ["statusWords.notPermitted"], [("\"E103\"", "\"9042\"")]),
    Provocation(.failureLikeSuccess, ["statusWords.notPermitted"], [("\"E103\"", "\"6110\"")]),
]

private let keyProvocations = [
    Provocation(.oneSlot, ["keySlots"], [("{ A: [16, 17], B: [32, 33] }", "[1]")]),
    Provocation(
        .oneSlotTold, ["keySlots"],
        [("{ A: [16, 17], B: [32, 33] }", "[1]"), ("It does not exist.", "Slot 0 fails, and there is only 1.")]),
    Provocation(.nonVolatile, ["keyMemory"], [("\"volatile\"", "\"non-volatile\"")]),
    Provocation(
        .nonVolatileTold, ["keyMemory"],
        [("\"volatile\"", "\"non-volatile\""), ("It does not exist.", "Its memory is non-volatile only.")]),
    Provocation(.slotOnlyInLoadKey, ["commands.authenticate"], [("{keyType} {slot} 02", "{keyType} 00 02")]),
    Provocation(.slotOnlyInAuthenticate, ["commands.loadKey"], [("10 {slot} {keyType}", "10 00 {keyType}")]),
    Provocation(
        .slotsWithoutPlace, ["keySlots"],
        [("{keyType} {slot} 02", "{keyType} 00 02"), ("10 {slot} {keyType}", "10 00 {keyType}")]),
]

private let statementProvocations = [
    Provocation(
        .plainCounterfeit, ["match.counterfeits[0]"], [("{ id: \"F00D:0001\", product: \"Wavv\" }", "\"F00D:0002\"")]),
    Provocation(
        .readerIsOtherSlot, ["match.otherSlots[0]"], [("\"SAM\"", "\"wave\"")], also: ["PC-86 match.otherSlots[0]"]),
    Provocation(.verifiedNotSupported, ["verified"], [("\"supported\"", "\"should-work\"")]),
    Provocation(.supportedNotVerified, ["verified"], [("verified: true", "verified: false")]),
    Provocation(.emptyText, ["evidence[0]"], [("invented for this test", " ")]),
    Provocation(.emptyText, ["quirks[0]"], [("It does not exist.", "")]),
    Provocation(.toBeFilledIn, ["title"], [("title: \"Acme Wave\"", "title: \"TO FILL IN\"")]),
    Provocation(.noLatency, ["latencyMilliseconds"], [("latencyMilliseconds: 15", "latencyMilliseconds: 0")]),
    Provocation(.silentAboutRefusals, ["afterAuthFailure"], [("\"reconnect\"", "\"none\"")]),
    Provocation(.setupWrites, ["setup[0].send"], [("A7 41 00 00 00", "A7 34 04 05")]),
    Provocation(
        .setupWrites, ["setup[0].send"],
        [("A7 41 00 00 00", "FF D6 00 04 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00")]),
]

private let otherProvocations = [
    Provocation(
        .sameDevice, ["match.usb[0]"], other: [("names: [\"Acme Wave\"]", "names: [\"Tide\", \"Wave Reader\"]")]),
    Provocation(.sameName, ["match.names[0]"], other: [("[\"F00D:0001\"]", "[]"), ("Acme Wave\"]", "ACME wave\"]")]),
    Provocation(
        .nameWithinName, ["match.names[0]"], other: [("[\"F00D:0001\"]", "[]"), ("Acme Wave\"]", "Acme Wave 2\"]")]),
    Provocation(.secondFallback, ["match.fallback"], [("otherSlots:", "fallback: true, otherSlots:")]),
    Provocation(.noFallback, [""], hasFallback: false),
    Provocation(
        .driverListUnreadable, [""], driver: [("</dict>", "")], also: ["PC-83 match.usb[0]"]),
    Provocation(
        .driverListUnreadable, ["ifdVendorID"],
        driver: [("<array><string>0xF00D</string>", "<array>")], also: ["PC-83 match.usb[0]"]),
    Provocation(
        .driverListUnreadable, ["ifdVendorID[0]"],
        driver: [("<array><string>0xF00D</string>", "<array><string>0x1F00D</string>")], also: ["PC-83 match.usb[0]"]),
    Provocation(.unknownToDrivers, ["match.usb[0]"], [elsewhere]),
    Provocation(
        .driverTooOld, ["match.usb[0]"], [elsewhere, ("{ name: \"ccid\" }", "{ name: \"ccid\", since: \"1.10.0\" }")]),
    Provocation(.driverNotInstalled, ["match.usb[0]"], [("{ name: \"ccid\" }", "{ name: \"acsccid\" }")]),
    Provocation(.driverNotChecked, ["match.usb[0]"], [("{ name: \"ccid\" }", "{ name: \"vendor\" }")]),
    Provocation(.nameNotDrivers, ["match.usb[0]"], [("names: [\"Acme Wave\"]", "names: [\"Acme Tide\"]")]),
    Provocation(.driverNameIsOtherSlot, ["match.otherSlots[0]"], [("\"SAM\"", "\"Reader\"")]),
    Provocation(.escapeOff, ["controlCodes"], driver: [("0x0005", "0x0004")]),
]
