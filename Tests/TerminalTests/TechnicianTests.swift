import Foundation
import Glibc
import Mifare
import Platform
import Simulator
import TestSupport
import Testing

@testable import Terminal

extension RealPrograms {
    @Suite("What a technician does at a running terminal")
    struct Technician {
        private func start(_ arguments: [String], at kiosk: Kiosk) throws -> RunningProgram {
            try RunningProgram(
                Programs.path(of: "yika"), arguments + ["--config", kiosk.folder + "/yikad.json5"],
                name: "yika-\(UInt32.random(in: 0...UInt32.max))", environment: kiosk.environment, folder: kiosk.folder)
        }

        private func yika(
            _ arguments: [String], at kiosk: Kiosk
        ) throws -> (status: Int32?, json: [String: Any], output: String) {
            let program = try start(arguments, at: kiosk)
            let status = program.waitForExit()
            let object = try? JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any]
            return (status, object ?? [:], program.output)
        }

        /// Starts a command that borrows the second reader, lays `card` on it once the reader is its own, and waits.
        private func borrow(
            _ arguments: [String], _ card: SimulatedCard, at kiosk: Kiosk
        ) throws -> (status: Int32?, json: [String: Any]) {
            let program = try start(arguments + ["--reader", "00 01", "--json", "--wait", "60"], at: kiosk)
            try kiosk.events.next("the loan") { $0.event == "reader" && $0.what == "lent" }
            try kiosk.lay(card, slot: 1)
            let status = program.waitForExit()
            try kiosk.events.next("the reader's return") { $0.event == "reader" && $0.what == "returned" }
            kiosk.snatch(slot: 1)
            try kiosk.events.next("the card's going") { $0.event == "removed" }
            let object = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any]
            return (status, object ?? [:])
        }

        @Test("status, metrics, doctor and close-day tell how the terminal stands while it serves")
        func looking() throws {
            let kiosk = try Kiosk()
            try kiosk.open()
            try kiosk.events.next("the roster") { $0.event == "roster" && $0.what == "updated" }
            let status = try yika(["status", "--json"], at: kiosk)
            #expect(status.status == 0 && (status.json["readers"] as? [Any])?.count == 2, "\(status.output)")
            _ = try kiosk.tap(try kiosk.card(of: kiosk.people[0]))
            let after = try JSONDecoder().decode(
                StatusReport.self, from: Data(try yika(["status", "--json"], at: kiosk).output.utf8))
            #expect(after.taps == 1 && after.lastTap?.code == "YK-A00" && after.sync.terminal == 101)
            #expect(after.readers.map(\.profile) == ["acr122u", "acr122u"] && after.conditions.isEmpty)
            let metrics = try yika(["metrics"], at: kiosk).output
            #expect(metrics.contains(#"yika_activations_total{code="YK-A00",outcome="activated"} 1"#))
            #expect(metrics.contains("yika_apdu_seconds_count ") && !metrics.contains("yika_apdu_seconds_count 0"))
            #expect(
                metrics.contains(
                    #"yika_condition{code="YK-J01",condition="journal-stopped",severity="out-of-service"} 0"#))
            let doctor = try yika(["doctor", "--check", "daemon", "--check", "readers", "--json"], at: kiosk)
            #expect(doctor.status == 0 && (doctor.json["findings"] as? [Any])?.count == 3, "\(doctor.output)")
            #expect(try yika(["close-day"], at: kiosk).status == 3)
        }

        @Test("the monitor shows every command to a card with its time, and nothing of what it carries")
        func monitor() throws {
            let kiosk = try Kiosk()
            try kiosk.open()
            try kiosk.events.next("the roster") { $0.event == "roster" && $0.what == "updated" }
            let monitor = try start(["monitor", "--taps", "1", "--json"], at: kiosk)
            // It says nothing before something happens; that it listens shows in what it hears.
            for _ in 0..<100 where !monitor.output.contains("prompt") {
                let say = try start(["say", "tap_again"], at: kiosk)
                _ = say.waitForExit()
            }
            let card = try kiosk.card(of: kiosk.people[0])
            _ = try kiosk.tap(card)
            #expect(monitor.waitForExit() == 0)
            let events = try monitor.output.split(separator: "\n").map {
                try JSONDecoder().decode(TerminalEventCopy.self, from: Data($0.utf8))
            }
            let apdus = events.filter { $0.event == "apdu" }
            #expect(apdus.count >= 15 && apdus.allSatisfy { $0.microseconds ?? -1 >= 0 && $0.tap == 1 })
            #expect(
                Set(apdus.compactMap(\.what)).isSuperset(of: ["get-data", "load-key", "authenticate", "read", "write"]))
            let text = monitor.output.uppercased()
            // The card's own content after the tap: no block of it, no key, no full number was told.
            for block in 0..<64 {
                let content = card.chip.content(of: block)
                guard Set(content).count > 2 else { continue }
                for piece in [content[0..<6], content[10..<16]] where Set(piece).count > 2 {
                    #expect(!text.contains(piece.map { $0 }.hex().uppercased()), "block \(block)")
                    #expect(!text.contains(piece.map { $0 }.hex(separator: " ").uppercased()), "block \(block)")
                }
            }
            #expect(
                !text.contains(kiosk.people[0].uid.hex().uppercased()) && !text.contains(kiosk.people[0].holderNumber))
        }

        private struct TerminalEventCopy: Decodable {
            let event: String
            let what: String?
            let tap: UInt64?
            let microseconds: Int64?
        }

        @Test(
            "a card is read, checked and rehearsed on a reader that the daemon lends, which never serves it meanwhile")
        func cards() throws {
            let kiosk = try Kiosk(people: 2)
            try kiosk.open()
            try kiosk.events.next("the roster") { $0.event == "roster" && $0.what == "updated" }
            let card = try kiosk.card(of: kiosk.people[0])
            let before = card.chip.memory
            let old = try borrow(["card", "read"], card, at: kiosk)
            #expect(
                old.status == 0 && old.json["state"] as? String == "old" && old.json["smallPurseFen"] as? Int == 100)
            let rehearsal = try borrow(["card", "activate", "--dry-run"], card, at: kiosk)
            #expect(rehearsal.status == 0 && rehearsal.json["code"] as? String == "YK-A00", "\(rehearsal.json)")
            #expect((rehearsal.json["apdus"] as? Int ?? 99) <= 26)
            let check = try borrow(["card", "check"], card, at: kiosk)
            #expect(check.status == 0, "\(check.json)")
            #expect(card.chip.memory == before, "nothing was written")
            #expect(try !kiosk.events.seen.contains { $0.event == "ended" }, "and nothing was served")

            _ = try kiosk.tap(card)
            try kiosk.lift()
            let active = try borrow(["card", "read"], card, at: kiosk)
            #expect(active.json["state"] as? String == "active" && active.json["sector"] as? Int == 9)
            #expect((active.json["account"] as? String)?.count == 4 && (active.json["holder"] as? String) == "…000")
            let dump = try start(["card", "dump", "--reader", "00 01", "--json", "--wait", "60"], at: kiosk)
            try kiosk.events.next("the loan") { $0.event == "reader" && $0.what == "lent" }
            try kiosk.lay(card, slot: 1)
            #expect(dump.waitForExit() == 0, "\(dump.output) \(dump.errors)")
            #expect(dump.output.split(separator: "\n").count == 16 && !dump.output.contains("data\":\""))
        }

        @Test("readers are listed, measured and recorded; a recording needs a blank card")
        func readers() throws {
            let kiosk = try Kiosk()
            try kiosk.open()
            let list = try start(["reader", "list", "--json"], at: kiosk)
            #expect(list.waitForExit() == 0)
            #expect(list.output.split(separator: "\n").count == 2 && list.output.contains("virtual-pcd"))
            let blank = SimulatedCard(ClassicChip(factory: .oneK, uid: try #require(CardUID([1, 2, 3, 4]))))
            let probe = try borrow(["reader", "probe", "--count", "20"], blank, at: kiosk)
            #expect(probe.status == 0 && probe.json["unanswered"] as? Int == 0)
            let file = kiosk.folder + "/recording.json"
            let recorded = try borrow(["reader", "record", file], blank, at: kiosk)
            #expect(recorded.status == 0 && FileManager.default.fileExists(atPath: file), "\(recorded.json)")
            let used = try borrow(["reader", "record", file + "2"], try kiosk.card(of: kiosk.people[0]), at: kiosk)
            #expect(used.status == 1 && (used.json["error"] as? [String: Any])?["code"] as? String == "card-in-use")
        }
    }
}
