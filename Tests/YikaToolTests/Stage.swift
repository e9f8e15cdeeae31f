import Foundation
import Glibc
import LedgerProtocol
import Platform
import Simulator
import TestSupport

@testable import Journal

/// What a run of `yika` finds around it: journals, profiles, voices, a configuration, a sound device, all in one folder.
///
/// In arguments `STAGE` stands for the folder, `REPO` for the repository, `LEDGER` for the address of a ledger.
final class Stage {
    static let fixtures = Repository.root + "/Tests/YikaToolTests/Fixtures"
    private static let key = [UInt8](repeating: 7, count: 32)

    let folder: String
    private(set) var daemon: PlayedDaemon?
    private(set) var ledger: AnswerServer?
    private var pcscd: VirtualPcscd?
    private var card: RunningProgram?

    init() throws {
        // Short, because the names of Unix sockets are.
        folder = NSTemporaryDirectory() + "yt-\(UInt32.random(in: 0...UInt32.max))"
        for name in ["state", "run"] {
            try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
        }
        try copy(Self.fixtures + "/readers", to: "readers")
        try write("key", Self.key.hex())
        try write("yikad.json5", Self.configuration)
        let sound = "pcm.yika_test { type file slave.pcm \"null\" file \"\(folder)/voice.wav\" format \"wav\" }\n"
        try write("asound.conf", "</usr/share/alsa/alsa.conf>\n" + sound)
        try layVoices()
    }

    deinit {
        ledger?.stop()
        card?.send(SIGKILL)
        pcscd?.stop(hard: true)
        try? FileManager.default.removeItem(atPath: folder)
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    }

    func copy(_ source: String, to name: String) throws {
        try FileManager.default.copyItem(atPath: source, toPath: folder + "/" + name)
    }

    private static let configuration = """
        {
            terminal: { number: 101, name: "Canteen 2, door A", role: "activation" },
            stateDirectory: "state", profiles: "\(Repository.profiles)", cardLayout: "campus-2026",
            keys: "\(Repository.profiles)/terminals/demo/keys.json5", credentials: "credentials.json5",
            voice: { device: "yika_test", languages: ["zh-CN", "en"] },
            ledger: { url: "http://127.0.0.1:1", publicKey: "\(String(repeating: "ab", count: 32))" },
            controlSocket: "run/control.sock",
        }

        """

    // MARK: Journals

    /// Lays down a journal of eight records, the first five of them acknowledged.
    func layJournal(_ name: String = "journal") throws {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // A past term: how long ago it was varies, and is no matter of the clock of whoever runs the tests.
        let time = SimulatedTime(wallMillisecondsAtBoot: 1_704_067_200_000)
        // The writer alone: when its own thread had its turn would show in the figures.
        let journal = try JournalWriter.open(
            storage: try FileStorage(directory: path), terminal: 101, key: ChainKey(bytes: Self.key), time: time,
            options: JournalOptions(slotsPerSegment: 16, epoch: 5, acknowledgedSegmentsKept: 1, recordsPerKey: 4))
        for number in 1...4 as ClosedRange<UInt8> {
            let intent = ActivationIntent(
                uid: [0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, number], layout: 7, sector: 3, keyVersion: 1,
                account: 900_012_340 + UInt64(number), cardSerial: 1, permit: number < 4 ? .online : .roster,
                rosterVersion: number < 4 ? 0 : 12)
            let sequence = try journal.append(
                type: RecordType(rawValue: ActivationRecordType.intent), payload: intent.encoded
            ).sequence
            time.advance(milliseconds: 900)
            let outcome = ActivationOutcome(
                intent: intent, intentSequence: sequence, result: .activated, smallPurse: number == 3 ? nil : Fen(120),
                apdus: 22, elapsedMilliseconds: 800)
            _ = try journal.append(
                type: RecordType(rawValue: ActivationRecordType.outcome), payload: outcome.encoded)
            time.advance(milliseconds: 20_000)
            journal.maintain()
        }
        if let record = try journal.records(from: 5, limit: 1).first {
            try journal.acknowledge(through: 5, chainHead: record.mac)
        }
        journal.close()
    }

    /// Spoils one record of a journal.
    func damage(record: Int, in name: String = "journal") throws {
        let segments = try FileManager.default.contentsOfDirectory(atPath: folder + "/" + name).sorted()
        guard let segment = segments.first(where: { $0.hasSuffix(".seg") }) else { throw CocoaError(.fileNoSuchFile) }
        let path = folder + "/" + name + "/" + segment
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[512 + (record - 1) * 128 + 50] ^= 1
        try Data(bytes).write(to: URL(filePath: path))
    }

    // MARK: Voices

    private func layVoices() throws {
        let voices = folder + "/voices"
        for language in ["zh-CN", "en"] {
            try FileManager.default.createDirectory(
                atPath: voices + "/" + language, withIntermediateDirectories: true)
            let file = Repository.profiles + "/voices/\(language)"
            let manifest = try Data(contentsOf: URL(filePath: file + "/manifest.json"))
            guard var object = try JSONSerialization.jsonObject(with: manifest) as? [String: Any],
                let sentences = object["sentences"] as? [String: [String: Any]], let activated = sentences["activated"],
                let name = activated["file"] as? String
            else { throw CocoaError(.coderInvalidValue) }
            object["sentences"] = ["activated": activated]
            (object["words"], object["speaker"], object["catalogueVersion"]) = ([String: Any](), "nobody", 1)
            try JSONSerialization.data(withJSONObject: object).write(
                to: URL(filePath: voices + "/\(language)/manifest.json"))
            try copy(file + "/" + name, to: "voices/\(language)/\(name)")
        }
        try write("voices/catalogue.json5", Self.catalogue)
    }

    private static let catalogue = """
        {
            version: 1,
            tones: { success: [{ hertz: 784, milliseconds: 90 }] },
            prompts: [
                {
                    id: "activated", text: { "zh-CN": "卡片激活成功。", en: "Your card is now active." }, tone: "success",
                    mayBeCut: false, whenSaid: "The card was activated.",
                },
            ],
            words: { "zh-CN": [], en: [] },
        }

        """

    /// Adds a sentence to the catalogue that no pack speaks, and a file to a pack that no sentence needs.
    func spoilVoices() throws {
        let more =
            #"{ id: "tap-again", text: { "zh-CN": "请重新放卡。", en: "Again." }, mayBeCut: true, whenSaid: "A card was lost." },"#
        try write(
            "voices/catalogue.json5",
            Self.catalogue.replacing("version: 1", with: "version: 2").replacing(
                "prompts: [", with: "prompts: [" + more))
        try write("voices/en/stray.wav", "")
    }

    // MARK: Readers and cards

    /// Lays down what an enrolment would.
    func layCredentials() throws {
        try write("credentials.json5", #"{ "token": "a token", "rosterKey": "\#(Self.key.hex())" }"#)
    }

    /// Lays a card as the old system issued it on a virtual reader of a pcscd of its own.
    func layCard() throws {
        try layCredentials()
        let pcscd = try VirtualPcscd(folder: folder + "/pcscd")
        self.pcscd = pcscd
        try pcscd.start()
        let cards = Repository.profiles
        _ = try Tool.run(
            [
                "simulate", "new-card", "STAGE/card.mfd", "--uid", "04A1B2C3D4E5F6", "--holder", "2026010001",
                "--purse",
                "120", "--layout", cards + "/cards/campus-2026.json5", "--keys", cards + "/terminals/demo/keys.json5",
            ], stage: self)
        card = try RunningProgram(
            Programs.path(of: "yika"),
            [
                "simulate", "card", "--image", folder + "/card.mfd", "--profiles", cards + "/readers", "--port",
                "\(pcscd.port)",
            ], name: "card", folder: folder)
    }

    // MARK: Others

    /// A daemon that answers each question with the lines given for it.
    func playDaemon(_ answers: [String: [String]]) throws {
        daemon = try PlayedDaemon(path: folder + "/run/control.sock", answers: answers)
    }

    /// A ledger that enrols terminal 101 for the token `ONCE-ONLY`.
    func playLedger() throws {
        let key = String(repeating: "4b", count: 32)
        let answer = EnrolAnswer(
            terminal: 101, name: "Canteen 2, door A", journalKey: key, journalEpoch: 1, rosterKey: key,
            publicKey: String(repeating: "ab", count: 32), expiresMilliseconds: 1_861_920_000_000)
        ledger = try AnswerServer { body in
            guard let request = try? JSONDecoder().decode(EnrolRequest.self, from: body),
                request.enrolmentToken == "ONCE-ONLY", let json = try? JSONEncoder().encode(answer)
            else { return ("401 No", #"{"code":"L-DENIED","message":"no such token"}"#) }
            return ("200 OK", String(decoding: json, as: UTF8.self))
        }
    }

    /// A ledger that answers every renewal with this status and body, at the address in the configuration.
    func playRenewals(_ status: String, _ body: String) throws {
        try layCredentials()
        let ledger = try AnswerServer { _ in (status, body) }
        self.ledger = ledger
        try write("yikad.json5", Self.configuration.replacing("http://127.0.0.1:1", with: ledger.url))
    }
}
