import CampusCard
import DeviceProfiles
import Foundation
import Glibc
import Journal
import Mifare
import Platform
import Simulator
import TestSupport

/// A whole kiosk of real programs: `yikad`, a ledger, and a pcscd with two virtual slots, in one folder.
final class Kiosk {
    /// Somebody invented, with an account.
    struct Person {
        let holderNumber: String
        let uid: [UInt8]
        let smallPurse: Int
    }

    static let terminal = 101
    static let readers = ["Virtual PCD 00 00", "Virtual PCD 00 01"]

    let folder: String
    let people: [Person]
    let ledger: LedgerProgram
    let pcscd: VirtualPcscd
    /// What `yikad` is configured with when it is started next.
    var configuration: [String: Any]
    /// The environment it is started with, on top of the test's.
    var environment: [String: String]
    private(set) var daemon: RunningProgram?
    private var watcher: Watcher?
    private let notifications: Datagrams
    private let layout: CardLayout
    private let keys: FileKeyRing
    private let profile: ReaderProfile
    private let latencyMilliseconds: Int
    private var slots: [Int: VpcdCard] = [:]
    private let journalKey = [UInt8](repeating: 0x4B, count: 32)

    /// A kiosk for `count` people with accounts; nothing runs yet.
    ///
    /// - Parameters:
    ///   - latency: of one APDU on its readers, in milliseconds.
    ///   - newReader: the text of a reader profile that is dropped into the folder of the shipped ones; its readers are
    ///     played, and nothing in the configuration names it.
    init(people count: Int = 1, latency: Int = 0, newReader: (id: String, text: String)? = nil) throws {
        // Short, because the names of Unix sockets are.
        folder = NSTemporaryDirectory() + "yk-\(UInt32.random(in: 0...UInt32.max))"
        for name in ["state", "run", "ledger"] {
            try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
        }
        people = (0..<count).map { index in
            Person(
                holderNumber: String(2_026_010_000 + index), uid: [0x5E, 0x10, UInt8(index / 256), UInt8(index % 256)],
                smallPurse: 100 + index)
        }
        let token = "the token of a terminal under test"
        ledger = try LedgerProgram(
            folder: folder + "/ledger",
            accounts: people.map {
                ["holderNumber": $0.holderNumber, "name": "某人", "kind": "student", "openingBalanceFen": 0]
            },
            terminals: [
                ["number": Self.terminal, "name": "Under test", "token": token, "journalKey": journalKey.hex()]
            ])
        pcscd = try VirtualPcscd(folder: folder + "/pcscd")
        layout = try CardLayout.load(path: Repository.profiles + "/cards/campus-2026.json5")
        let ring = Repository.profiles + "/terminals/demo/keys.json5"
        keys = try FileKeyRing(path: ring)
        var profiles = Repository.profiles
        if let newReader {
            profiles = folder + "/device-profiles"
            try FileManager.default.copyItem(atPath: Repository.profiles, toPath: profiles)
            try newReader.text.write(
                toFile: profiles + "/readers/\(newReader.id).json5", atomically: true, encoding: .utf8)
        }
        guard
            let profile = ProfileLibrary.load(directory: profiles + "/readers").profile(id: newReader?.id ?? "acr122u")
        else { throw CocoaError(.fileNoSuchFile) }
        self.profile = profile
        latencyMilliseconds = latency
        notifications = try Datagrams(path: folder + "/run/notify.sock")
        configuration = [
            "terminal": ["number": Self.terminal, "name": "Under test", "role": "activation"],
            "stateDirectory": "state", "profiles": profiles, "cardLayout": "campus-2026", "keys": ring,
            "credentials": "credentials.json5",
            "readers": newReader == nil ? [["name": "Virtual PCD", "profile": "acr122u"]] : [],
            "voice": ["device": "yika_test", "languages": ["zh-CN", "en"]],
            "ledger": ["url": "http://127.0.0.1:9", "publicKey": try ledger.publicKey, "permitMilliseconds": 5000],
            "controlSocket": "run/control.sock", "successAfterMilliseconds": 50,
        ]
        environment = [
            "PCSCLITE_CSOCK_NAME": folder + "/pcscd/pcscd.comm", "ALSA_CONFIG_PATH": folder + "/asound.conf",
            "NOTIFY_SOCKET": folder + "/run/notify.sock",
        ]
        try write("credentials.json5", ["token": token, "rosterKey": ledger.rosterKey])
        try journalKey.hex().write(toFile: folder + "/state/journal.key", atomically: true, encoding: .utf8)
        let sound = "pcm.yika_test { type file slave.pcm \"null\" file \"\(folder)/voice.wav\" format \"wav\" }\n"
        try ("</usr/share/alsa/alsa.conf>\n" + sound)
            .write(toFile: folder + "/asound.conf", atomically: true, encoding: .utf8)
    }

    deinit {
        for slot in slots.values { slot.lift() }
        if daemon?.isRunning == true { daemon?.send(SIGKILL) }
        ledger.stop()
        pcscd.stop(hard: true)
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Writes a value into the kiosk's folder as a JSON file.
    func write(_ name: String, _ value: [String: Any]) throws {
        try JSONSerialization.data(withJSONObject: value).write(to: URL(filePath: folder + "/" + name))
    }

    // MARK: Processes

    /// Starts ledger, pcscd and terminal.
    func open() throws {
        try ledger.start()
        try pcscd.start()
        try startDaemon()
    }

    /// Starts `yikad` alone, as configured, without waiting for anything.
    func launchDaemon() throws -> RunningProgram {
        if ledger.port != 0, var settings = configuration["ledger"] as? [String: Any] {
            settings["url"] = "http://127.0.0.1:\(ledger.port)"
            configuration["ledger"] = settings
        }
        try write("yikad.json5", configuration)
        return try RunningProgram(
            Programs.path(of: "yikad"), ["--config", folder + "/yikad.json5"], name: "yikad",
            environment: environment, folder: folder)
    }

    /// Starts `yikad` and watches it from the moment when it says that it is ready.
    func startDaemon() throws {
        let daemon = try launchDaemon()
        self.daemon = daemon
        for _ in 0..<600 where daemon.isRunning {
            if notification(milliseconds: 100)?.hasPrefix("READY=1") == true { break }
        }
        watcher = try Watcher(path: folder + "/run/control.sock")
    }

    /// The next thing that the terminal tells systemd.
    func notification(milliseconds: Int32 = 60_000) -> String? { notifications.next(milliseconds: milliseconds) }

    /// What the terminal streams.
    var events: Watcher {
        get throws {
            guard let watcher else { throw Watcher.Missing(what: "a running terminal", last: []) }
            return watcher
        }
    }

    /// Ends `yikad` by `signal` and reads the last of its events: its exit status, and how long it took.
    @discardableResult
    func stopDaemon(_ signal: Int32 = SIGTERM) throws -> (status: Int32?, milliseconds: Int64) {
        let start = SystemTime().now()
        daemon?.send(signal)
        let status = daemon?.waitForExit()
        let took = SystemTime().now().milliseconds(since: start)
        try events.readToEnd()
        return (status, took)
    }

    // MARK: Cards

    /// A person's card as the old system issued it; with `uid`, another one of the same person.
    func card(of person: Person, uid: [UInt8]? = nil) throws -> SimulatedCard {
        guard let uid = CardUID(uid ?? person.uid),
            let memory = SampleCard.memory(
                size: .oneK, uid: uid, holderNumber: person.holderNumber, smallPurse: Fen(Int64(person.smallPurse)),
                otherPurse: Fen(1280), layout: layout, keys: keys),
            let chip = ClassicChip(size: .oneK, uid: uid, memory: memory)
        else { throw CocoaError(.coderInvalidValue) }
        return SimulatedCard(chip)
    }

    /// Lays `card` on a slot of the reader.
    func lay(
        _ card: SimulatedCard, slot number: Int = 0, fault: CardFault? = nil,
        onChange: @escaping @Sendable (VpcdCard.Change) -> Void = { _ in }
    ) throws {
        try slot(number).lay(card, fault: fault, timeoutMilliseconds: 20_000, onChange: onChange)
    }

    private func slot(_ number: Int) -> VpcdCard {
        if let slot = slots[number] { return slot }
        let reader = SimulatedReader(
            profile: profile, time: SystemTime(), latencyMilliseconds: latencyMilliseconds)
        let slot = VpcdCard(port: pcscd.port + UInt16(number), reader: reader)
        slots[number] = slot
        return slot
    }

    /// Lays `card` down and waits for the tap's ending; with a fault, which takes the card away, for its going, too.
    @discardableResult
    func tap(_ card: SimulatedCard, fault: CardFault? = nil) throws -> KioskEvent {
        let start = try events.seen.count
        try lay(card, fault: fault)
        let ended = try events.next("the tap's ending") { $0.event == "ended" }
        if fault != nil { try events.ensure("the card's going", since: start) { $0.event == "removed" } }
        return ended
    }

    /// Takes the card away, and waits until the terminal has noticed: pcscd looks at its readers now and then only.
    func lift() throws {
        slot(0).lift()
        try events.next("the card's going") { $0.event == "removed" }
    }

    /// Lays a card on each slot and waits for both endings, by slot; with faults, which take the cards away, for their
    /// going, too.
    func tap(_ cards: [SimulatedCard], faults: [CardFault] = []) throws -> [KioskEvent] {
        var waiting = Dictionary(uniqueKeysWithValues: zip(Self.readers, cards.indices))
        var going = Set(Self.readers.prefix(faults.count))
        var endings: [Int: KioskEvent] = [:]
        for (slot, card) in cards.enumerated() {
            try lay(card, slot: slot, fault: faults.isEmpty ? nil : faults[slot])
        }
        try events.next("both endings") { event in
            guard let reader = event.reader else { return false }
            if event.event == "ended", let slot = waiting.removeValue(forKey: reader) { endings[slot] = event }
            if event.event == "removed" { going.remove(reader) }
            return waiting.isEmpty && going.isEmpty
        }
        return endings.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Takes the cards away from both slots, and waits until the terminal has noticed.
    func liftBoth() throws {
        var going = Set(Self.readers)
        for slot in 0..<2 { self.slot(slot).lift() }
        try events.next("the cards' going") { event in
            if event.event == "removed", let reader = event.reader { going.remove(reader) }
            return going.isEmpty
        }
    }

    /// Takes the card away although nobody may notice.
    func snatch(slot number: Int = 0) { slot(number).lift() }

    // MARK: What is left behind

    /// Waits until the ledger has acknowledged every record, of which the last is `sequence`.
    func awaitAcknowledgement(of sequence: UInt64) throws {
        if try events.seen.contains(where: { $0.event == "acknowledged" && $0.sequence ?? 0 >= sequence }) { return }
        try events.next("the acknowledgement") { $0.event == "acknowledged" && $0.sequence ?? 0 >= sequence }
    }

    /// The number of the last outcome that the terminal made durable.
    var lastOutcome: UInt64 {
        get throws { try events.seen.last { $0.what == "outcome-durable" }?.sequence ?? 0 }
    }

    /// Waits until the ledger has everything.
    func awaitPosted() throws { try awaitAcknowledgement(of: lastOutcome) }

    /// The journal's records, while no terminal has it open. Its recovery must have nothing to report.
    func journal() throws -> (records: [StoredRecord], isWhole: Bool) {
        let journal = try JournalWriter.open(
            storage: FileStorage(directory: folder + "/state/journal"), terminal: UInt16(Self.terminal),
            key: ChainKey(bytes: journalKey), time: SystemTime())
        var records: [StoredRecord] = []
        try journal.forEachRecord { records.append($0) }
        return (records, journal.recovery.isClean)
    }

    /// The sound that came out so far, as bytes of a WAV file.
    var sound: Data { FileManager.default.contents(atPath: folder + "/voice.wav") ?? Data() }
}
