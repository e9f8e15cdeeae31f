import DeviceProfiles
import Foundation
import Mifare
import Platform
import Simulator
import TestSupport
import Testing

@testable import Diagnosis

/// What `yika reader record` has written, held against the profile that the reader is used with.
@Suite("Recordings of readers")
struct RecordingTests {
    private static let library = ProfileLibrary.load(directory: Repository.profiles + "/readers")

    /// What of `recording` its profile does not explain; of commands in another dialect it says nothing. How many were held.
    private func contradictions(_ recording: ReaderRecording, _ profile: ReaderProfile) -> (found: [String], held: Int)
    {
        let values: [ApduField: [UInt8]] = [.block: [4], .keyType: [0x60], .slot: [0]]
        func isProfiles(_ step: ReaderRecording.Step, _ operation: CardOperation, block: UInt8 = 4) -> Bool {
            // The script uses the first place; a reader that has none of that number says so, and rightly.
            guard operation != .authenticate || profile.keySlots.a.contains(0) else { return false }
            var own = values
            own[.block] = [block]
            return profile.commands[operation]?.build(own).hex(separator: " ").uppercased() == step.send
        }
        var (found, held) = ([String](), 0)
        func hold(_ step: ReaderRecording.Step, _ operation: CardOperation, _ meanings: [StatusMeaning]) {
            held += 1
            let status = UInt16(step.status, radix: 16)
            let isExplained = status.map { word in
                meanings.contains { profile.statusWords.isWord(word, for: $0, in: operation) }
            }
            if isExplained != true { found.append("\(step.what): \(step.send) → \(step.status)") }
        }
        for step in recording.steps {
            switch step.what {
            case "uid": hold(step, .uid, [.ok])
            case "authenticate" where isProfiles(step, .authenticate): hold(step, .authenticate, [.ok])
            case "authenticate:wrong-key" where isProfiles(step, .authenticate):
                hold(step, .authenticate, [.authenticationFailed])
            case "read:not-authenticated" where isProfiles(step, .read, block: 8):
                hold(step, .read, [.notAuthenticated, .noAnswer, .notPermitted])
            default: break
            }
        }
        return (found, held)
    }

    @Test("every profile that takes one of the known forms explains what a reader that speaks by it answers")
    func simulated() throws {
        var (recorded, held) = (0, 0)
        for profile in Self.library.profiles where profile.isUsable {
            let time = SimulatedTime()
            let reader = SimulatedReader(profile: profile, time: time)
            reader.layDown(SimulatedCard(ClassicChip(factory: .oneK, uid: try #require(CardUID([1, 2, 3, 4])))))
            guard
                let recording = try? ReaderRecording.take(
                    reader, reader: profile.title, usb: nil, profile: profile.id, time: time)
            else { continue }
            let result = contradictions(recording, profile)
            #expect(result.found == [], "\(profile.id)")
            recorded += 1
            held += result.held
        }
        #expect(recorded >= 10)
        print("\(recorded) of \(Self.library.profiles.count) profiles recorded, \(held) answers held")
    }

    @Test("every recording of a real reader is explained by its profile")
    func real() throws {
        let folder = Repository.root + "/Tests/SimulatorTests/Fixtures/recordings"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            $0.hasSuffix(".json")
        }
        for name in names.sorted() {
            let data = try Data(contentsOf: URL(filePath: folder + "/" + name))
            let recording = try JSONDecoder().decode(ReaderRecording.self, from: data)
            let profile = try #require(recording.profile.flatMap { Self.library.profile(id: $0) }, "\(name)")
            #expect(contradictions(recording, profile).found == [], "\(name)")
        }
        print("\(names.count) recordings of real readers")
    }

    @Test("a card's number is not in a recording, and a profile with other words is contradicted")
    func hidden() throws {
        let profile = try #require(Self.library.profile(id: "acr122u"))
        let time = SimulatedTime()
        let reader = SimulatedReader(profile: profile, time: time)
        reader.layDown(
            SimulatedCard(ClassicChip(factory: .oneK, uid: try #require(CardUID([0xA1, 0xB2, 0xC3, 0xD4])))))
        var recording = try ReaderRecording.take(reader, reader: "R", usb: nil, profile: profile.id, time: time)
        let text = String(decoding: try JSONEncoder().encode(recording), as: UTF8.self)
        #expect(!text.contains("A1 B2 C3 D4"))
        let wrong = try #require(recording.steps.firstIndex { $0.what == "authenticate:wrong-key" })
        recording.steps[wrong].status = "9000"
        #expect(contradictions(recording, profile).found.count == 1)
    }
}
