import ArgumentParser
import DeviceProfiles
import FoundationEssentials
import Glibc
import Platform

/// What can be asked about reader profiles without a reader.
struct ProfileTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Check, make and look up reader profiles.",
        subcommands: [ProfileCheckCommand.self, ProfileNew.self, ProfileShow.self, ProfileMatch.self])

    /// The statuses of sysexits.h for what is not the profiles' own state.
    static let exitStatuses = "64 for a wrong command line, 66 when the directory is not there"
    static let noInput = ExitCode(66)
    static let cannotCreate = ExitCode(73)

    /// Says what went wrong and answers the exit status to throw.
    static func failure(_ message: String, _ status: ExitCode) -> ExitCode {
        standardError("yika: \(message)\n")
        return status
    }
}

/// Where the profiles are.
struct ProfilePlace: ParsableArguments {
    @Option(help: "The directory with the reader profiles.")
    var profiles = "device-profiles/readers"

    /// The directory without a slash at its end, known to be there.
    func directory() throws -> String {
        guard (try? FileManager.default.contentsOfDirectory(atPath: profiles)) != nil else {
            throw ProfileTools.failure(
                "no directory \(profiles) that can be read; name it with --profiles", ProfileTools.noInput)
        }
        var path = profiles[...]
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }
}

/// Which drivers' lists to look devices up in.
struct DriverPlaces: ParsableArguments {
    @Option(
        help: "A driver's Info.plist to check against, instead of those of the drivers installed; may be repeated.")
    var drivers: [String] = []

    var installed: InstalledDrivers { InstalledDrivers.load(paths: drivers) }
}

struct ProfileCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say what in the profiles contradicts itself, another profile, or the drivers installed.",
        discussion: """
            Each finding has a stable code. A fault has to be mended; a warning is for somebody to decide; with notes \
            alone a profile is clean.

            Exit status: 0 everything is clean, 1 there are faults or warnings; \(ProfileTools.exitStatuses).
            """)

    @OptionGroup var place: ProfilePlace
    @OptionGroup var driverPlaces: DriverPlaces

    @Flag(help: "As JSON.")
    var json = false

    @Argument(help: "Ids of profiles to tell about; all when none is named. All are read in any case.")
    var profile: [String] = []

    func run() throws {
        let check = ProfileCheck(directory: try place.directory(), drivers: driverPlaces.installed)
        for id in profile where !check.ids.contains(id) {
            throw ValidationError(
                "No profile '\(id)' in \(place.profiles); there are \(check.ids.joined(separator: ", ")).")
        }
        let report = ProfileReport(check, ids: profile)
        if json { print(try jsonLine(report)) } else { report.print(Paint()) }
        if !report.clean { throw ExitCode(1) }
    }
}

struct ProfileNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a profile to be filled in.",
        discussion: """
            It has every value with what belongs there, and PC/SC part 3's commands. The check warns of what is still to \
            be filled in.

            Exit status: 0 made, 73 it cannot be written or is there already; \(ProfileTools.exitStatuses).
            """)

    @OptionGroup var place: ProfilePlace
    @OptionGroup var driverPlaces: DriverPlaces

    @Option(help: "The reader's name for people; if not said, what the drivers installed call its USB device.")
    var title: String?

    @Option(help: "A USB device of the reader, VID:PID; may be repeated.", transform: usbIdentity)
    var usb: [USBIdentity] = []

    @Option(help: "The id of a profile to take commands and what follows from.")
    var from: String?

    @Argument(help: "The id: small letters, digits and hyphens; the file is called ID.json5.")
    var id: String

    func run() throws {
        let directory = try place.directory()
        let installed = driverPlaces.installed
        guard let skeleton = ProfileSkeleton(id: id, title: title, usb: usb, installed: installed) else {
            throw ValidationError(
                "The id is of small letters, digits and hyphens, and the title has no quotes, backslashes or line ends."
            )
        }
        var text = skeleton.text
        if let from {
            // An id is asked for, and a path would lead out of the directory.
            guard ProfileLibrary.load(directory: directory).profile(id: from) != nil,
                let source = try? String(contentsOfFile: "\(directory)/\(from).json5", encoding: .utf8)
            else { throw ValidationError("--from: no profile '\(from)' in \(directory) that can be read.") }
            guard let copy = skeleton.text(from: source, origin: from) else {
                throw ValidationError(
                    "--from: \(from).json5 has no line that begins with 'commands:'; copy it by hand.")
            }
            text = copy
        }
        let path = "\(directory)/\(id).json5"
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            throw ProfileTools.failure(
                isThere
                    ? "\(path) is there already; remove it first, or choose another id"
                    : "\(path) cannot be written; choose a directory that you may write to with --profiles",
                ProfileTools.cannotCreate)
        }
        print("made \(path)")
        print("fill in what 'yika profile check --profiles \(directory) \(id)' tells")
    }
}

/// Reads `072F:2200`.
@Sendable private func usbIdentity(_ text: String) throws -> USBIdentity {
    guard let identity = USBIdentity(text) else {
        throw ValidationError("Expected VID:PID, four hexadecimal digits each, as in 072F:2200.")
    }
    return identity
}

struct ProfileShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Tell what a profile says.",
        discussion: "Exit status: 0 told; \(ProfileTools.exitStatuses).")

    @OptionGroup var place: ProfilePlace
    @OptionGroup var driverPlaces: DriverPlaces

    @Argument(help: "The profile's id.")
    var id: String

    func run() throws {
        let directory = try place.directory()
        let check = ProfileCheck(directory: directory, drivers: driverPlaces.installed)
        guard let profile = check.library.profile(id: id) else {
            let faults = check.findings(id: id).map { "\n\($0.path): \($0.what)" }.joined()
            throw ValidationError("No profile '\(id)' in \(directory) that can be read.\(faults)")
        }
        printTable(profile.rows(check.drivers.statement(of: profile)))
    }
}

extension ReaderProfile {
    /// What a technician asks about it, under labels.
    fileprivate func rows(_ statement: String) -> [(String, String)] {
        var rows = [("id", id), ("title", title), ("support", statement), ("verified", verified ? "yes" : "no")]
        func add(_ label: String, _ values: [String]) {
            for (index, value) in values.enumerated() { rows.append((index == 0 ? label : "", value)) }
        }
        add("evidence", evidence)
        add("USB", match.usb.map(\.description))
        add("names", match.names)
        add("other slots", match.otherSlots)
        add("counterfeits", match.counterfeits.map(\.description))
        if match.fallback { add("fallback", ["for every reader that no other profile knows"]) }
        for operation in CardOperation.allCases {
            guard let template = commands[operation] else { continue }
            let counts = commands.counts(of: operation)
            let most = counts.last ?? 1
            let blocks = counts.count == most ? "at most \(most) blocks" : "\(counts) blocks"
            add(operation.rawValue, [template.description + (most > 1 ? "   \(blocks)" : "")])
        }
        let text = { (slots: [UInt8]) in slots.map { "\($0)" }.joined(separator: ", ") }
        let isShared = keySlots.a == keySlots.b
        add("key slots", [isShared ? text(keySlots.a) : "A: \(text(keySlots.a)); B: \(text(keySlots.b))"])
        add("key memory", [keyMemory.rawValue])
        add("after a refusal", [afterAuthFailure == .none ? "nothing" : "reconnect"])
        add("latency", ["\(latency.command) ms, selecting again \(latency.reselect) ms"])
        if let limits { add("limits", ["\(limits.level.rawValue), \(limits.message) bytes"]) }
        add("lights", lights.map { ["\($0.all.count) commands, by \($0.transport.rawValue)"] } ?? [])
        add("buzzer", buzzer.map { ["\($0.all.count) commands, by \($0.transport.rawValue)"] } ?? [])
        add("setup", setup.map(\.why))
        add("quirks", quirks)
        return rows
    }
}

struct ProfileMatch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match", abstract: "Tell which profile a reader would be used with, and why.",
        discussion: """
            Exit status: 0 there is a profile, 1 the reader is not used: another slot, a counterfeit, unsupported or \
            unknown; \(ProfileTools.exitStatuses).
            """)

    @OptionGroup var place: ProfilePlace

    @Argument(help: "The reader's name, as pcscd shows it.")
    var name: String

    @Option(help: "Its USB device, VID:PID.", transform: usbIdentity)
    var usb: USBIdentity?

    @Option(help: "The device's version, four digits as in 0214.")
    var bcd: String?

    @Option(help: "The number of its USB interface.")
    var interface: Int?

    @Option(help: "The manufacturer's text of the device.")
    var manufacturer: String?

    @Option(help: "The product's text of the device.")
    var product: String?

    func validate() throws {
        if let bcd, bcd.utf8.count != 4 || UInt16(bcd, radix: 16) == nil {
            throw ValidationError("--bcd: expected four digits, as in 0214.")
        }
        if usb == nil, bcd != nil || interface != nil || manufacturer != nil || product != nil {
            throw ValidationError("--bcd, --interface, --manufacturer and --product need --usb.")
        }
    }

    func run() throws {
        let library = ProfileLibrary.load(directory: try place.directory())
        for error in library.errors { standardError("yika: \(error); passed over\n") }
        let device = usb.map {
            USBDevice(
                $0, bcdDevice: bcd.flatMap { UInt16($0, radix: 16) }, interface: interface, manufacturer: manufacturer,
                product: product)
        }
        switch library.find(readerName: name, usb: device) {
        case .match(let match):
            print("\(match.profile.id): \(match.why)")
            guard match.profile.isUsable else {
                print("not used: \(match.profile.support.title), \(match.profile.supportReason ?? "no reason given")")
                throw ExitCode(1)
            }
        case .otherSlot(let match):
            print("not used: a slot of \(match.profile.id) that takes no contactless card: \(match.why)")
            throw ExitCode(1)
        case .counterfeit(let match):
            print("not used: pretends to be \(match.profile.id): \(match.why)")
            throw ExitCode(1)
        case .unknown:
            print("not used: no profile knows this reader, and none is the fallback")
            throw ExitCode(1)
        }
    }
}
