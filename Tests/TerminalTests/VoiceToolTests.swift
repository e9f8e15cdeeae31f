import Foundation
import Glibc
import TestSupport
import Testing

extension RealPrograms {
    @Suite("What technicians ask of the voice")
    struct VoiceTools {
        private struct Said: Decodable {
            let id: String
            let by: String
            let outcome: String
        }

        private func yika(_ arguments: [String], _ kiosk: Kiosk) throws -> (
            status: Int32?, output: String, errors: String
        ) {
            let program = try RunningProgram(
                Programs.path(of: "yika"), arguments, name: "yika-\(UInt32.random(in: 0...UInt32.max))",
                environment: kiosk.environment, folder: kiosk.folder)
            let status = program.waitForExit()
            return (status, program.output, program.errors)
        }

        private func say(_ arguments: [String], _ kiosk: Kiosk) throws -> (status: Int32?, said: Said) {
            let run = try yika(["say", "--json", "--config", kiosk.folder + "/yikad.json5"] + arguments, kiosk)
            #expect(run.output.split(separator: "\n").count == 1, "only JSON, on one line: \(run.output) \(run.errors)")
            return (run.status, try JSONDecoder().decode(Said.self, from: Data(run.output.utf8)))
        }

        @Test(
            "yika say has the running daemon speak; where none runs it speaks itself, and tells when nothing is heard")
        func say() throws {
            let kiosk = try Kiosk(people: 1)
            try kiosk.open()
            let byDaemon = try say(["paid-amount", "--amount", "12.50"], kiosk)
            #expect(byDaemon.status == 0)
            #expect(byDaemon.said.by == "the daemon" && byDaemon.said.outcome == "finished")
            try kiosk.events.ensure("the sentence") { $0.event == "prompt" && $0.detail == "paid-amount" }
            _ = try kiosk.stopDaemon()
            let here = try say(["--amount", "0.05"], kiosk)
            #expect(here.status == 0)
            #expect(here.said.id == "amount" && here.said.by == "yika_test" && here.said.outcome == "finished")
            let nowhere = try yika(
                ["say", "ready", "--device", "yika_nowhere", "--voices", Repository.profiles + "/voices"], kiosk)
            #expect(nowhere.status == 1)
            #expect(nowhere.errors.contains("aplay -L"), "a next step: \(nowhere.errors)")
            let unknown = try yika(["say", "nonsense", "--voices", Repository.profiles + "/voices"], kiosk)
            #expect(unknown.status == 64 && unknown.errors.contains("yika voice list"))
            for wrong in [["say"], ["say", "--amount", "1.234"], ["say", "ready", "--volume", "101"]] {
                #expect(try yika(wrong, kiosk).status == 64)
            }
        }

        @Test("yika voice test tells a device that takes sound without playing it; list and check find the voices")
        func voice() throws {
            let kiosk = try Kiosk(people: 1)
            let tested = try yika(["voice", "test", "--device", "yika_test", "--json"], kiosk)
            #expect(tested.status == 1)
            #expect(tested.output.contains(#""playedMilliseconds":6000"#), "\(tested.output)")
            #expect(tested.output.contains("nothing is connected"), "\(tested.output)")
            #expect(tested.errors.isEmpty, "\(tested.errors)")
            #expect(try yika(["voice", "test", "--device", "yika_nowhere"], kiosk).status == 2)
            let voices = ["--voices", Repository.profiles + "/voices"]
            #expect(try yika(["voice", "list"] + voices, kiosk).output.contains("卡片激活中，请勿移开卡片。"))
            #expect(try yika(["voice", "check"] + voices, kiosk).status == 0)
            #expect(try yika(["voice", "check", "--voices", "/nowhere"], kiosk).status == 2)
        }
    }
}
