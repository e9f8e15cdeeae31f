import Foundation
import Glibc
import LedgerProtocol
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Terminal

extension RealPrograms {
    @Suite("What technicians do about the ledger")
    struct LedgerTools {
        private func yika(
            _ arguments: [String], in kiosk: Kiosk
        ) throws -> (status: Int32?, output: String, errors: String) {
            let name = "yika-\(UInt32.random(in: 0...UInt32.max))"
            let program = try RunningProgram(Programs.path(of: "yika"), arguments, name: name, folder: kiosk.folder)
            let status = program.waitForExit()
            return (status, program.output, program.errors)
        }

        private func report(_ command: String, _ kiosk: Kiosk) throws -> (status: Int32?, report: SyncReport) {
            let config = kiosk.folder + "/yikad.json5"
            let run = try yika(["sync", command, "--config", config, "--json"], in: kiosk)
            #expect(run.output.split(separator: "\n").count == 1, "only JSON, on one line: \(run.output) \(run.errors)")
            return (run.status, try JSONDecoder().decode(SyncReport.self, from: Data(run.output.utf8)))
        }

        @Test("yika sync tells what waits and why, sends it now, and tells from the files when no daemon runs")
        func sync() throws {
            let kiosk = try Kiosk(people: 2)
            try kiosk.open()
            try kiosk.events.next("the roster") { $0.event == "roster" && $0.what == "updated" }
            _ = try kiosk.tap(try kiosk.card(of: kiosk.people[0]))
            try kiosk.awaitPosted()
            try kiosk.lift()
            let good = try report("status", kiosk)
            #expect(good.status == 0)
            #expect(
                good.report.connected == true && good.report.uploading == true && good.report.queued == 0
                    && good.report.acknowledged == 2)
            #expect(good.report.terminal == 101 && good.report.rosterVersion > 0 && good.report.lastFailure == nil)

            kiosk.ledger.stop()
            _ = try kiosk.tap(try kiosk.card(of: kiosk.people[1]))
            try kiosk.events.ensure("the outage") { $0.isCondition("YK-N01", "raised") }
            var bad = try report("status", kiosk)
            for _ in 0..<100
            where bad.report.connected != false || bad.report.uploading != false || bad.report.queued != 2 {
                SystemTime().sleep(milliseconds: 50)
                bad = try report("status", kiosk)
            }
            #expect(bad.status == 1)
            #expect(bad.report.queued == 2 && bad.report.oldestSeconds != nil)
            #expect(bad.report.lastFailure?.code == "YK-N01" && bad.report.lastFailure?.kind == "unreachable")
            let text = try yika(["sync", "status", "--socket", kiosk.folder + "/run/control.sock"], in: kiosk)
            #expect(text.status == 1 && text.output.contains("2 records") && text.output.contains("next step"))
            let failed = try report("now", kiosk)
            #expect(failed.status == 1 && failed.report.queued == 2)

            try kiosk.ledger.start()
            let sent = try report("now", kiosk)
            #expect(sent.status == 0 && sent.report.queued == 0 && sent.report.acknowledged == 4)
            #expect(try report("now", kiosk).status == 3, "there is nothing to do")
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, kiosk.people)

            let config = kiosk.folder + "/yikad.json5"
            let offline = try yika(["sync", "status", "--config", config, "--json"], in: kiosk)
            #expect(offline.status == 2)
            #expect(offline.output.contains(#""source":"journal""#) && offline.output.contains(#""queued":0"#))
            #expect(offline.output.contains("systemctl start yikad") && offline.errors.isEmpty)
            #expect(try yika(["sync", "now", "--config", config], in: kiosk).status == 2)
            #expect(try yika(["sync", "status"], in: kiosk).status == 78)
        }

        @Test("yika enrol lays down what a terminal needs and the daemon starts on it; no secret is printed")
        func enrol() throws {
            let kiosk = try Kiosk()
            try FileManager.default.removeItem(atPath: kiosk.folder + "/credentials.json5")
            try FileManager.default.removeItem(atPath: kiosk.folder + "/state/journal.key")
            let hash = Mutex<String?>(nil)
            let answer = EnrolAnswer(
                terminal: 101, name: "Under test", journalKey: String(repeating: "4b", count: 32), journalEpoch: 1,
                rosterKey: try kiosk.ledger.rosterKey, publicKey: try kiosk.ledger.publicKey)
            let server = try AnswerServer { body in
                guard let request = try? JSONDecoder().decode(EnrolRequest.self, from: body),
                    request.enrolmentToken == "ONCE-ONLY", let json = try? JSONEncoder().encode(answer),
                    hash.withLock({ hash in
                        defer { hash = hash ?? request.credentialHash }
                        return hash == nil || hash == request.credentialHash
                    })
                else { return ("401 No", #"{"code":"L-DENIED","message":"no such token"}"#) }
                return ("200 OK", String(decoding: json, as: UTF8.self))
            }
            defer { server.stop() }
            try kiosk.write("yikad.json5", kiosk.configuration)
            let config = kiosk.folder + "/yikad.json5"
            func enrol(_ token: String, url: String) throws -> (status: Int32?, output: String, errors: String) {
                try yika(["enrol", "--config", config, "--token", token, "--url", url], in: kiosk)
            }
            let wrong = try enrol("WRONG", url: server.url)
            #expect(wrong.status == 1 && wrong.errors.contains("L-DENIED") && wrong.errors.contains("card centre"))
            let open = try enrol("ONCE-ONLY", url: "http://192.0.2.1")
            #expect(open.status == 1 && open.errors.contains("E-PLAIN-HTTP") && open.errors.contains("https://"))
            #expect(try enrol("ONCE-ONLY", url: "http://127.0.0.1:1").status == 2)
            #expect(try enrol("ONCE-ONLY", url: "nowhere").status == 64)
            #expect(server.count == 1)

            let done = try enrol("ONCE-ONLY", url: server.url)
            #expect(done.status == 0, "\(done.errors)")
            let credentials = try Data(contentsOf: URL(filePath: kiosk.folder + "/credentials.json5"))
            let again = try enrol("ONCE-ONLY", url: server.url)
            #expect(again.status == 3 && again.output.contains("nothing was changed"))
            #expect(try Data(contentsOf: URL(filePath: kiosk.folder + "/credentials.json5")) == credentials)
            let token = try #require(
                try JSONDecoder().decode([String: String].self, from: credentials)["token"])
            for run in [wrong, open, done, again] {
                for secret in [token, answer.journalKey, answer.rosterKey] {
                    #expect(!run.output.contains(secret) && !run.errors.contains(secret))
                }
            }
            for file in ["credentials.json5", "state/journal.key", "state/enrolment.json"] {
                let mode = try FileManager.default.attributesOfItem(atPath: kiosk.folder + "/" + file)[
                    .posixPermissions]
                #expect(mode as? Int == 0o600, "\(file)")
            }
            try kiosk.pcscd.start()
            try kiosk.startDaemon()
            #expect(!FileManager.default.fileExists(atPath: kiosk.folder + "/state/journal.key"))
            #expect(try kiosk.stopDaemon().status == 0)
            #expect(try kiosk.events.seen.contains { $0.code?.hasPrefix("YK-J") == true } == false)
            #expect(try enrol("ONCE-ONLY", url: server.url).output.contains("goes on under the key"))
            #expect(!FileManager.default.fileExists(atPath: kiosk.folder + "/state/journal.key"))
        }

        @Test("yika renew replaces the credential beside the running daemon, which goes on with it; it is not printed")
        func renew() throws {
            let kiosk = try Kiosk()
            try kiosk.open()
            let config = kiosk.folder + "/yikad.json5"
            func token() throws -> String {
                let file = try Data(contentsOf: URL(filePath: kiosk.folder + "/credentials.json5"))
                return try #require(try JSONDecoder().decode([String: String].self, from: file)["token"])
            }
            /// When the credential ends that the daemon last showed the ledger.
            func shown() throws -> Int64? {
                let status = try yika(["status", "--config", config, "--json"], in: kiosk).output
                let object = try JSONSerialization.jsonObject(with: Data(status.utf8)) as? [String: Any]
                return (object?["credentialExpiresMilliseconds"] as? NSNumber)?.int64Value
            }
            let old = try token()
            let early = try yika(["renew", "--config", config], in: kiosk)
            #expect(early.status == 3 && early.output.contains("does not end"), "\(early.errors)")

            let monthsAhead = Int64(Date.now.timeIntervalSince1970 * 1000) + 290 * 86_400_000
            func expectShown(_ comment: String) throws {
                var hasShown = false
                for _ in 0..<300 where !hasShown {
                    hasShown = try shown() ?? 0 > monthsAhead
                    usleep(100_000)
                }
                #expect(hasShown, "\(comment)")
            }
            try kiosk.ledger.ageCredentials(days: 200, of: 300)
            let nowhere = ["--socket", kiosk.folder + "/nowhere"]
            #expect(try yika(["renew", "--config", config] + nowhere, in: kiosk).status == 0)
            #expect(try yika(["renew", "--config", config], in: kiosk).status == 3)
            try expectShown("a daemon that could not be told is told the next time")

            let second = try token()
            try kiosk.ledger.ageCredentials(days: 200, of: 300)
            let done = try yika(["renew", "--config", config, "--json"], in: kiosk)
            #expect(done.status == 0 && done.output.contains(#""inUse":true"#), "\(done.output) \(done.errors)")
            let new = try token()
            #expect(Set([old, second, new]).count == 3)
            for text in [done.output, done.errors] { #expect(!text.contains(new) && !text.contains(second)) }
            try expectShown("the daemon's heartbeats show the ledger the new one")
            #expect(try yika(["renew", "--config", config], in: kiosk).status == 3)
            #expect(try kiosk.stopDaemon().status == 0)
            #expect(try kiosk.events.seen.contains { $0.code == "YK-N14" || $0.code == "YK-N02" } == false)
        }
    }
}
