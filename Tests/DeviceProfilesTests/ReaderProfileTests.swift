import DataFiles
import DeviceProfiles
import FoundationEssentials
import Platform
import Testing

/// The repository's own profiles, found from this file's place in it.
private let shippedDirectory: String = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/") + "/device-profiles/readers"
}()

@Suite struct ReaderProfileTests {
    private let shipped = ProfileLibrary.load(directory: shippedDirectory)

    @Test("Every shipped profile loads, and exactly one is the fallback")
    func shippedProfilesLoad() {
        #expect(shipped.errors == [])
        #expect(shipped.profiles.map(\.id).contains("acr122u"))
        #expect(shipped.profiles.filter(\.match.fallback).map(\.id) == ["generic-pcsc"])
    }

    @Test(
        "Every template of every shipped profile understands the commands that it builds, and another's only for one block"
    )
    func templatesRoundTrip() throws {
        var tried = 0
        let wild = try JSON5File.decode(ReaderProfile.self, from: Array(AcmeWave.profile.utf8), file: "acme-wave.json5")
        for profile in shipped.profiles + [wild] {
            for operation in CardOperation.allCases {
                guard let template = profile.commands[operation] else { continue }
                for filler in UInt8.min...UInt8.max {
                    var values: [ApduField: [UInt8]] = [:]
                    for field in template.fields {
                        values[field] = [UInt8](repeating: filler, count: field.length ?? 48)
                    }
                    let command = template.build(values)
                    #expect(command.count == template.length + (values[.blocks]?.count ?? 0))
                    #expect(template.match(command) == values)
                    let understood = CardOperation.allCases.filter { profile.commands[$0]?.match(command) != nil }
                    let other = filler == 16 || operation != .readBlocks ? oneBlock[operation] : nil
                    #expect(Set(understood).isSubset(of: [operation, other ?? operation]))
                    #expect(understood.contains(operation))
                    if !template.fields.contains(.blocks) { #expect(template.match(command + [0]) == nil) }
                    tried += 1
                }
            }
        }
        print("templates: \(tried) commands built and understood")
    }

    @Test("The ACR122U's commands are the bytes of its manual")
    func acr122uBytes() throws {
        let commands = try #require(shipped.profile(id: "acr122u")).commands
        #expect(
            commands.authenticate.build([.block: [4], .keyType: [0x60], .slot: [1]]).hex() == "ff860000050100046001")
        #expect(commands.read.build([.block: [4]]).hex() == "ffb0000410")
        let key: [UInt8] = [1, 2, 3, 4, 5, 6]
        #expect(commands.loadKey.build([.slot: [1], .key: key]).hex() == "ff82000106010203040506")
    }

    @Test("A reader is matched by USB identity before name, by the longest part of its name, else by the fallback")
    func matching() throws {
        let acr = try #require(USBIdentity("072F:2200"))
        #expect(shipped.match(readerName: "Virtual PCD 00 00", usb: USBDevice(acr))?.profile.id == "acr122u")
        #expect(shipped.match(readerName: "Virtual PCD 00 01")?.profile.id == "virtual-pcd")
        #expect(shipped.match(readerName: "ACS acr122u PICC Interface 00 00")?.profile.id == "acr122u")
        let other = try #require(shipped.match(readerName: "Some reader 00 00"))
        #expect(other.profile.id == "generic-pcsc")
        #expect(other.why.contains("fallback"))
        #expect(ProfileLibrary(profiles: []).match(readerName: "Some reader") == nil)
    }

    @Test("One bad profile is reported with its path and skipped; the others load")
    func oneBadProfile() throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for name in ["acr122u.json5", "generic-pcsc.json5", "virtual-pcd.json5"] {
            try FileManager.default.copyItem(atPath: "\(shippedDirectory)/\(name)", toPath: "\(directory)/\(name)")
        }
        let text = try String(contentsOfFile: "\(directory)/acr122u.json5", encoding: .utf8)
        try Data(text.replacing("{block} 10\"", with: "{bloc} 10\"").utf8)
            .write(to: URL(filePath: "\(directory)/acr122u.json5"))
        let library = ProfileLibrary.load(directory: directory)
        #expect(library.profiles.map(\.id) == ["generic-pcsc", "virtual-pcd"])
        let error = try #require(library.errors.first)
        #expect(library.errors.count == 1)
        #expect(error.path == "commands.read")
        #expect(error.file == "\(directory)/acr122u.json5")
        #expect(error.expected.contains("{block}"))
    }

    @Test("Each kind of mistake in a profile is named by file, path and what was expected", arguments: mistakes)
    func mistakesAreNamed(_ mistake: Mistake) throws {
        let text = try String(contentsOfFile: "\(shippedDirectory)/acr122u.json5", encoding: .utf8)
        #expect(text.contains(mistake.original))
        let changed = Array(text.replacing(mistake.original, with: mistake.change).utf8)
        let error = #expect(throws: DataFileError.self) {
            try JSON5File.decode(ReaderProfile.self, from: changed, file: "x.json5")
        }
        #expect(error?.file == "x.json5")
        #expect(error?.path == mistake.path)
        #expect(error?.expected.contains(mistake.expected) == true, "\(String(describing: error))")
    }

    @Test("An escape command may answer one byte, an APDU may not: it has a status word")
    func answersOfApdus() throws {
        let text = AcmeWave.profile.replacing("transport: \"escape\"", with: "transport: \"apdu\"")
        let error = #expect(throws: DataFileError.self) {
            try JSON5File.decode(ReaderProfile.self, from: Array(text.utf8), file: "x.json5")
        }
        #expect(error?.path == "polling.on.answer")
        #expect(error?.expected.contains("2 bytes") == true)
    }

    @Test("A directory that is not there is an error, not a trap")
    func missingDirectory() {
        let library = ProfileLibrary.load(directory: "/nonexistent/profiles")
        #expect(library.profiles.isEmpty)
        #expect(library.errors.map(\.file) == ["/nonexistent/profiles"])
    }

    @Test("A profile with random bytes changed loads or is refused, and never traps")
    func mutatedProfiles() throws {
        let original = Array(try Data(contentsOf: URL(filePath: "\(shippedDirectory)/acr122u.json5")))
        var random = SystemRandomNumberGenerator()
        let seed = random.next()
        var state = seed
        func next() -> UInt64 {
            // Marsaglia's xorshift64; quality does not matter here, repetition from the seed does.
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        var refused = 0
        let count = 400
        for _ in 0..<count {
            var bytes = original
            for _ in 0...next() % 4 { bytes[Int(next() % UInt64(bytes.count))] = UInt8(next() & 0x7F) }
            do {
                _ = try JSON5File.decode(ReaderProfile.self, from: bytes, file: "mutated")
            } catch {
                refused += 1
            }
        }
        print("profiles: \(count) mutated with seed \(seed), \(refused) refused")
    }

    private func temporaryDirectory() throws -> String {
        let path = FileManager.default.temporaryDirectory.path() + "/yika-profiles-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

/// Commands that mean the same as another one when they are for one block.
private let oneBlock: [CardOperation: CardOperation] = [
    .read: .readBlocks, .readBlocks: .read, .write: .writeBlocks,
]

/// A change to the ACR122U's profile, and what must be said about it.
struct Mistake: Sendable, CustomTestStringConvertible {
    let original: String
    let change: String
    let path: String
    let expected: String

    var testDescription: String { change }
}

private let mistakes = [
    Mistake(original: "{slot} 06 {key}", change: "{slot} 06", path: "commands.loadKey", expected: "needs {key}"),
    Mistake(original: "\"FF CA 00 00 00\"", change: "\"FF CA 0 00\"", path: "commands.uid", expected: "hexadecimal"),
    Mistake(original: "\"FF CA 00 00 00\"", change: "7", path: "commands.uid", expected: "text"),
    Mistake(original: "\"072F:2200\"", change: "\"072F2200\"", path: "match.usb[0]", expected: "072F:2200"),
    Mistake(original: "keySlots:", change: "keyslots:", path: "keyslots", expected: "keySlots"),
    Mistake(original: "latencyMilliseconds: 30,", change: "", path: "latencyMilliseconds", expected: "missing"),
    Mistake(
        original: "latencyMilliseconds: 30", change: "latencyMilliseconds: -1", path: "latencyMilliseconds",
        expected: "0 to 10000"),
    Mistake(original: "[0x00, 0x01]", change: "[]", path: "keySlots", expected: "at least one"),
    Mistake(original: "[0x00, 0x01]", change: "[256]", path: "keySlots", expected: "0 to 255"),
    Mistake(original: "verified: false", change: "verified: \"no\"", path: "verified", expected: "true or false"),
    Mistake(original: "\"should-work\"", change: "\"maybe\"", path: "support", expected: "should-work"),
    Mistake(original: "\"reconnect\"", change: "\"later\"", path: "afterAuthFailure", expected: "reconnect, none"),
    Mistake(
        original: "notPermitted: [\"6300\"]", change: "notPermitted: [\"63\"]", path: "statusWords.notPermitted",
        expected: "four"),
    Mistake(
        original: "controlCodes: { ccid: 1, acsccid: 3500 },", change: "", path: "controlCodes",
        expected: "the drivers' numbers"),
    Mistake(original: "ccid: 1,", change: "ccid: 65536,", path: "controlCodes", expected: "0 to 65535"),
    Mistake(original: "{ ccid: 1,", change: "{ other: 1,", path: "controlCodes", expected: "ccid, acsccid"),
    Mistake(
        original: "answer: \"90 03\"", change: "answer: \"90\"", path: "lights.onCardPresent.answer",
        expected: "2 bytes"),
    Mistake(
        original: "answer: \"90 00\", why", change: "answer: \"90\", why", path: "setup[0].answer", expected: "2 bytes"),
    Mistake(
        original: "latencyMilliseconds: 30", change: "latencyMilliseconds: 99999999999999999999",
        path: "latencyMilliseconds", expected: "0 to 10000"),
    Mistake(
        original: "latencyMilliseconds: 30", change: "latencyMilliseconds: 0.5", path: "latencyMilliseconds",
        expected: "0 to 10000"),
    Mistake(
        original: "latencyMilliseconds: 30", change: "latencyMilliseconds: { reselect: 30 }",
        path: "latencyMilliseconds", expected: "command"),
    Mistake(
        original: "latencyMilliseconds: 30", change: "latencyMilliseconds: { command: 30, raed: 3 }",
        path: "latencyMilliseconds", expected: "one of: command, reselect"),
    Mistake(original: "[0x00, 0x01]", change: "{ A: [0], B: [0] }", path: "keySlots", expected: "under both A and B"),
    Mistake(original: "{keyType} {slot}\"", change: "{slot}\"", path: "commands", expected: "{keyType}"),
    Mistake(
        original: "05 01 {valueBE}", change: "05 01 {valueBE} {valueLE}", path: "commands.increment",
        expected: "either {valueLE} or {valueBE}"),
    Mistake(
        original: "02 03 {target}", change: "02 03 00", path: "commands.copyValue", expected: "needs {block}, {target}"),
    Mistake(
        original: "commands: {", change: "commands: { readBlocks: { send: \"FF B0 00 {block} {length}\", most: 17 },",
        path: "commands.readBlocks.most", expected: "1 to 16"),
    Mistake(
        original: "commands: {", change: "commands: { readBlocks: { send: \"FF B0 00 {block} 30\", most: 3 },",
        path: "commands.readBlocks", expected: "needs {block}, {length}"),
    Mistake(original: "name: \"ccid\"", change: "name: \"libccid\"", path: "drivers[1].name", expected: "ccid"),
    Mistake(
        original: "name: \"ccid\"", change: "name: \"ccid\", since: \"new\"", path: "drivers[1].since",
        expected: "1.5.3"),
    Mistake(
        original: "leastFirmware: \"0206\"", change: "leastFirmware: \"2.06\"", path: "drivers[1].leastFirmware",
        expected: "0206"),
    Mistake(
        original: "kernelDrivers: [\"pn533_usb\"", change: "kernelDrivers: [\"usbfs\"", path: "kernelDrivers",
        expected: "pn533_usb"),
    Mistake(
        original: "kernelDrivers: [\"pn533_usb\"", change: "kernelDrivers: [\"pn533 usb\"", path: "kernelDrivers",
        expected: "pn533_usb"),
    Mistake(
        original: "verified: false,", change: "verified: false, keyboard: true,", path: "keyboard",
        expected: "unsupported"),
    Mistake(original: "\"should-work\"", change: "\"disabled\"", path: "supportReason", expected: "a reason"),
    Mistake(original: "message: 271", change: "message: 8", path: "limits.message", expected: "32 to 65556"),
    Mistake(original: "level: \"short\"", change: "level: \"long\"", path: "limits.level", expected: "tpdu"),
    Mistake(
        original: "names: [\"ACR122U\"]", change: "names: [\"\"]", path: "match.names", expected: "none empty"),
    Mistake(
        original: "names: [\"ACR122U\"]", change: "atrs: [\"3B8\"]", path: "match.atrs", expected: "hexadecimal"),
    Mistake(
        original: "manufacturer: \"RFCARD\"", change: "bcdDevice: [\"0214\"]", path: "match.counterfeits[0].bcdDevice",
        expected: "lowest and the highest"),
    Mistake(
        original: "ok: [\"9000\"]", change: "ok: [\"9000\"], perOperation: { raed: {} }",
        path: "statusWords.perOperation", expected: "one of: uid"),
    Mistake(original: "id: \"acr122u\",", change: "id: \"acr122u\"", path: "line 4", expected: "',' or '}'"),
    Mistake(original: "id: \"acr122u\",", change: "id \"acr122u\",", path: "line 3", expected: "':'"),
    Mistake(original: "id: \"acr122u\",", change: "id: \"acr122u,", path: "line 3", expected: "end of the text"),
    Mistake(
        original: "id: \"acr122u\",", change: "/* id: \"acr122u\",", path: "line 3", expected: "end of the comment"),
    Mistake(original: "id: \"acr122u\",", change: "id: [1, 2", path: "line 4", expected: "',' or ']'"),
]
