import DeviceProfiles
import Foundation
import Mifare
import Simulator
import TestSupport
import Testing

@Suite("The technician's profile commands, as a process")
struct ProfileToolTests {
    private let folder: Folder
    private let profiles: String
    private let driver: String

    init() throws {
        folder = try Folder()
        profiles = folder.path + "/readers"
        try FileManager.default.copyItem(atPath: Repository.profiles + "/readers", toPath: profiles)
        driver = try folder.write(AcmeWave.driver, to: "Info.plist")
    }

    @Test("A profile dropped into the folder is checked, found and spoken to, and nothing is built anew")
    func droppedProfile() throws {
        try folder.write(AcmeWave.profile, to: "readers/acme-wave.json5")
        let check = try yika("check", "--drivers", driver, "acme-wave")
        #expect(check.status == 0)
        #expect(check.output.contains("supported with libccid 1.5.2, installed"))
        let match = try yika("match", "ACME Wave Reader 00 00")
        #expect(match.status == 0)
        #expect(match.output == "acme-wave: the name contains 'Acme Wave'\n")

        let library = ProfileLibrary.load(directory: profiles)
        let profile = try #require(library.match(readerName: "Acme Wave Reader 00 00")?.profile)
        let reader = SimulatedReader(profile: profile, time: SimulatedTime())
        let uid = try #require(CardUID([0x12, 0x34, 0x56, 0x78]))
        reader.layDown(SimulatedCard(ClassicChip(factory: .oneK, uid: uid)))
        let card = ClassicCard(transport: reader, dialect: profile, writableSectors: [1, 2], size: .oneK)
        var told: [ClassicCard.Exchange] = []
        card.onExchange = { told.append($0) }
        #expect(try card.selectUID() == uid)
        try card.authenticate(sector: 1, key: .factory, type: .a)
        try card.write(block: 4, Block(repeating: 0x5A))
        #expect(try card.read(block: 4) == Block(repeating: 0x5A))
        // A factory card's key B may be read by anybody, and therefore opens a sector and permits nothing.
        try card.authenticate(sector: 2, key: .factory, type: .b)
        let wrong = try #require(SectorKey(hex: "a1a2a3a4a5a6"))
        #expect(throws: ClassicError.authenticationFailed(sector: 1, keyType: .a)) {
            try card.authenticate(sector: 1, key: wrong, type: .a)
        }
        #expect(Set(told.compactMap(\.status)) == [0x2000, 0xE101])
    }

    @Test(
        "check ends with 0 when all is clean, 1 with a fault or a warning, 64 for unknown ids, 2 without a directory")
    func checkStatuses() throws {
        try folder.write(AcmeWave.profile, to: "readers/acme-wave.json5")
        let only = ["check", "--drivers", driver, "acme-wave"]
        for (change, status) in [
            ("It does not exist.", Int32(0)), ("", 1), ("TO FILL IN", 1), ("Nobody\", \"sold it.", 0),
        ] {
            let text = AcmeWave.profile.replacing("It does not exist.", with: change)
            try folder.write(text, to: "readers/acme-wave.json5")
            #expect(try yika(only).status == status, "\(change)")
        }
        #expect(try yika("check", "nothing").status == 64)
        let nowhere = try run(["check", "--profiles", folder.path + "/nowhere"])
        #expect(nowhere.status == 2)
        #expect(nowhere.errors.contains("--profiles"))
        #expect(try yika("check", "--drivers", folder.path + "/none.plist", "acme-wave").status == 1)
        let help = try run(["check", "--help"]).output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for status in ["0 everything is clean", "1 there are faults", "2 the directory", "64 the command line"] {
            #expect(help.contains(status))
        }
    }

    @Test("check --json prints one JSON object and nothing else; in a file there is no colour")
    func checkJSON() throws {
        let faulty = AcmeWave.profile.replacing("A7 31", with: "A7 30")
        try folder.write(faulty, to: "readers/acme-wave.json5")
        try folder.write("{ id: ", to: "readers/broken.json5")
        let json = try yika("check", "--json", "--drivers", driver, "acme-wave", "broken")
        #expect(json.status == 1)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["clean"] as? Bool == false)
        let told = try #require(object["profiles"] as? [[String: Any]])
        #expect(told.map { $0["id"] as? String } == ["acme-wave", "broken"])
        let findings = told.flatMap { $0["findings"] as? [[String: Any]] ?? [] }
        #expect(findings.map { $0["code"] as? String } == ["PC-14", "PC-14", "PC-01"])
        #expect(findings.allSatisfy { $0["severity"] as? String == "fault" && $0["next"] is String })
        let table = try yika("check", "--drivers", driver)
        #expect(table.status == 1)
        #expect(table.output.contains("fault PC-14 \(profiles)/acme-wave.json5: commands.increment"))
        #expect(!table.output.contains("\u{1B}"))
    }

    @Test("A new profile decodes, and what the check finds in it is what is to be filled in, and nothing else")
    func newProfile() throws {
        #expect(try yika("new", "blank").status == 0)
        #expect(try yika("new", "wave", "--usb", "F00D:0001", "--drivers", driver).status == 0)
        #expect(
            try yika("new", "unknown", "--usb", "F00D:0009", "--title", "A reader", "--drivers", driver).status == 0)
        #expect(try yika("new", "copy", "--title", "A copy", "--from", "acr122u").status == 0)
        let check = ProfileCheck(
            directory: profiles, drivers: InstalledDrivers.load(paths: [driver]))
        for id in ["blank", "wave", "unknown", "copy"] {
            let profile = try #require(check.library.profile(id: id), "\(check.library.errors)")
            let grave = check.findings(id: id).filter { $0.severity != .note }
            #expect(grave.map(\.code) == [.toBeFilledIn])
            #expect(!profile.verified && profile.support == .shouldWork)
        }
        let wave = try #require(check.library.profile(id: "wave"))
        #expect(wave.match.names == ["Acme Wave Reader", "Acme Wave & Tide Reader"])
        #expect(wave.drivers.map(\.name) == [.ccid])
        #expect(check.library.profile(id: "unknown")?.drivers.map(\.name) == [.vendor])
        #expect(check.library.profile(id: "copy")?.commands == check.library.profile(id: "acr122u")?.commands)
    }

    @Test("new writes over nothing, leaves its directory never, and makes no file that cannot be read")
    func newRefuses() throws {
        #expect(try yika("new", "wave", "--title", "Mine").status == 0)
        let before = try String(contentsOfFile: profiles + "/wave.json5", encoding: .utf8)
        let again = try yika("new", "wave")
        #expect(again.status == 1)
        #expect(again.errors.contains("is there already"))
        #expect(try String(contentsOfFile: profiles + "/wave.json5", encoding: .utf8) == before)
        let count = try FileManager.default.contentsOfDirectory(atPath: profiles).count
        for arguments in [
            ["../outside"], ["UPPER"], ["a b"], ["x", "--title", "a \"b\""], ["x", "--usb", "F00D"],
            ["x", "--from", "nothing"], ["x", "--from", "../readers/acr122u"],
        ] {
            #expect(try yika(["new"] + arguments).status == 64, "\(arguments)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: profiles).count == count)
    }

    @Test("The skeleton has the format's values in the order of its README")
    func skeletonOrder() throws {
        let skeleton = try #require(
            ProfileSkeleton(id: "x", title: nil, usb: [], installed: InstalledDrivers(lists: [])))
        let readme = try String(contentsOfFile: profiles + "/README.md", encoding: .utf8)
        // The first table: rows of one or two names in backquotes, those inside an object by their last part.
        let table = readme.components(separatedBy: "\n\n").first { $0.hasPrefix("| value | meaning |") } ?? ""
        let names = table.split(separator: "\n").dropFirst(2).flatMap { row in
            row.split(separator: "|")[0].matches(of: /`([\w.]+)`/).map { String($0.1.split(separator: ".").last ?? "") }
        }
        #expect(names.count > 25)
        var rest = skeleton.text[...]
        for name in names {
            let place = try #require(rest.firstRange(of: "\(name):"), "\(name) is missing or out of order")
            rest = rest[place.upperBound...]
        }
    }

    @Test("match tells the profile and why, another slot, a counterfeit, and a reader that must not be used")
    func match() throws {
        try folder.write(AcmeWave.profile, to: "readers/acme-wave.json5")
        let disabled = AcmeWave.profile.replacing("acme-wave", with: "acme-old").replacing(
            "F00D:0001", with: "F00D:0002"
        )
        .replacing("\"Acme Wave\"]", with: "\"Acme Old\"]")
        .replacing("\"supported\"", with: "\"disabled\", supportReason: \"it forgets\"")
        try folder.write(disabled, to: "readers/acme-old.json5")
        let cases: [([String], Int32, String)] = [
            (["Something", "--usb", "F00D:0001"], 0, "acme-wave: USB F00D:0001"),
            (["Acme Wave SAM 00 01"], 1, "a slot of acme-wave that takes no contactless card"),
            (["Acme Wave", "--usb", "F00D:0001", "--product", "Wavv 2"], 1, "pretends to be acme-wave"),
            (["Acme Old 00 00"], 1, "not used: disabled, it forgets"),
            (["Nobody's reader"], 0, "generic-pcsc: no profile knows this reader"),
        ]
        for (arguments, status, text) in cases {
            let run = try yika(["match"] + arguments)
            #expect(run.status == status)
            #expect(run.output.contains(text), "\(run.output)")
        }
        try FileManager.default.removeItem(atPath: profiles + "/generic-pcsc.json5")
        #expect(try yika("match", "Nobody's reader").status == 1)
        #expect(try yika("match", "Nobody's reader", "--bcd", "0100").status == 64)
    }

    @Test("show tells a profile's support, commands and slots, and why one cannot be read")
    func show() throws {
        try folder.write(AcmeWave.profile, to: "readers/acme-wave.json5")
        let run = try yika("show", "acme-wave", "--drivers", driver)
        #expect(run.status == 0)
        for text in [
            "supported with libccid 1.5.2, installed", "A7 22 {block} 00 {length}   at most 3 blocks",
            "A: 16, 17; B: 32, 33", "It does not exist.",
        ] { #expect(run.output.contains(text), "\(text)") }
        try folder.write("{ id: ", to: "readers/broken.json5")
        let broken = try yika("show", "broken")
        #expect(broken.status == 78)
        #expect(broken.errors.contains("expected"))
    }

    private func yika(_ arguments: String...) throws -> (status: Int32?, output: String, errors: String) {
        try yika(arguments)
    }

    private func yika(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: String) {
        try run(arguments + ["--profiles", profiles])
    }

    private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: String) {
        let name = "run-\(UInt32.random(in: 0...UInt32.max))"
        let process = try RunningProgram(
            Programs.path(of: "yika"), ["profile"] + arguments, name: name, folder: folder.path)
        return (process.waitForExit(), process.output, process.errors)
    }
}
