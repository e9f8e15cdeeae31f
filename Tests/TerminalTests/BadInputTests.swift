import Foundation
import Platform
import TestSupport
import Testing

extension RealPrograms {
    @Suite("Bad input")
    struct BadInput {
        /// What a technician can get wrong, and what the complaint must name.
        private struct Mistake {
            let name: String
            var file = "yikad.json5"
            let place: String
            let expected: String
            let make: (Kiosk) throws -> Void

            init(
                _ name: String, file: String = "yikad.json5", place: String, expected: String,
                make: @escaping (Kiosk) throws -> Void
            ) {
                self.name = name
                self.file = file
                self.place = place
                self.expected = expected
                self.make = make
            }
        }

        @Test("a configuration that is wrong anywhere: exit status 78, and the file, the place and what was expected")
        func configuration() throws {
            let kiosk = try Kiosk()
            let good = kiosk.configuration
            let mistakes = Self.missing + Self.malformed + Self.otherFiles
            for mistake in mistakes {
                kiosk.configuration = good
                try mistake.make(kiosk)
                let daemon = try kiosk.launchDaemon()
                #expect(daemon.waitForExit() == 78, "\(mistake.name)")
                // Standard error is one file for all of them.
                let complaint = daemon.errors.split(separator: "\n").last.map(String.init) ?? ""
                for part in [mistake.file, mistake.place, mistake.expected, "YK-C01"] where !part.isEmpty {
                    #expect(complaint.contains(part), "\(mistake.name): '\(part)' is not in: \(complaint)")
                }
            }
            print("\(mistakes.count) malformed configurations refused")
        }

        private static func setting(_ path: String, _ value: Any?) -> (Kiosk) -> Void {
            { kiosk in
                let parts = path.split(separator: ".").map(String.init)
                guard parts.count == 2 else { return kiosk.configuration[path] = value }
                var inner = kiosk.configuration[parts[0]] as? [String: Any] ?? [:]
                inner[parts[1]] = value
                kiosk.configuration[parts[0]] = inner
            }
        }

        private static var missing: [Mistake] {
            [
                "terminal", "terminal.number", "stateDirectory", "profiles", "cardLayout", "keys", "credentials",
                "voice",
                "voice.languages", "ledger.url", "ledger.publicKey",
            ].map { path in
                Mistake("no \(path)", place: "\(path):", expected: "a value; it is missing", make: setting(path, nil))
            }
        }

        private static var malformed: [Mistake] {
            [
                Mistake(
                    "a text for a number", place: "terminal.number:", expected: "a number",
                    make: setting("terminal.number", "one")),
                Mistake(
                    "a sealed credential without a name", place: "credentials:", expected: "credential:NAME",
                    make: setting("credentials", "credential:")),
                Mistake(
                    "a sealed credential in a folder", place: "credentials:", expected: "credential:NAME",
                    make: setting("credentials", "credential:../yika")),
                Mistake(
                    "a sealed credential that systemd has not unsealed", place: "credentials:",
                    expected: "LoadCredentialEncrypted=yika", make: setting("credentials", "credential:yika")),
                Mistake(
                    "terminal 0", place: "terminal.number:", expected: "1 to 65535", make: setting("terminal.number", 0)
                ),
                Mistake(
                    "an unknown role", place: "terminal.role:", expected: "\"activation\"",
                    make: setting("terminal.role", "vending")),
                Mistake(
                    "a short public key", place: "ledger.publicKey:", expected: "32 bytes",
                    make: setting("ledger.publicKey", "00ff")),
                Mistake(
                    "an address without a scheme", place: "ledger.url:", expected: "http://",
                    make: setting("ledger.url", "ledger.example")),
                Mistake(
                    "authorities that are not there", file: "/nobody.pem", place: "",
                    expected: "a file that can be read",
                    make: setting("ledger.authorities", "nobody.pem")),
                Mistake(
                    "authorities that are no certificates", file: "/yikad.json5", place: "",
                    expected: "certificates in PEM",
                    make: setting("ledger.authorities", "yikad.json5")),
                Mistake(
                    "a setting of the ledger that does not exist", place: "authority:", expected: "one of:",
                    make: setting("ledger.authority", "x")),
                Mistake(
                    "no languages", place: "voice.languages:", expected: "at least one",
                    make: setting("voice.languages", [String]())),
                Mistake(
                    "a list for a text", place: "voice.device:", expected: "a text in quotes",
                    make: setting("voice.device", [1])),
                Mistake(
                    "a permission that takes a minute", place: "ledger.permitMilliseconds:", expected: "50 to 5000",
                    make: setting("ledger.permitMilliseconds", 60_000)),
                Mistake(
                    "a heartbeat in seconds", place: "ledger.heartbeatMilliseconds:", expected: "1000 to 60000",
                    make: setting("ledger.heartbeatMilliseconds", 3)),
                Mistake(
                    "a reader pinned to a profile that is not there", place: "readers[0].profile:",
                    expected: "a reader profile", make: setting("readers", [["name": "ACS", "profile": "acr999"]])),
                Mistake(
                    "a state directory that is not there", place: "stateDirectory:", expected: "a directory",
                    make: setting("stateDirectory", "nowhere")),
                Mistake(
                    "a setting that does not exist", place: "rosterMaximumAge:", expected: "one of:",
                    make: setting("rosterMaximumAge", 24)),
            ]
        }

        private static var otherFiles: [Mistake] {
            [
                Mistake(
                    "no such layout", file: "cards/nobody.json5", place: "", expected: "a file that can be read",
                    make: setting("cardLayout", "nobody")),
                Mistake(
                    "no key ring", file: "/nokeys.json5", place: "", expected: "a file that can be read",
                    make: setting("keys", "nokeys.json5")),
                Mistake(
                    "no profiles", file: "/noprofiles/", place: "", expected: "a file that can be read",
                    make: setting("profiles", "noprofiles")),
                Mistake(
                    "a layout that contradicts itself", file: "cards/twice.json5", place: "ours.candidates:",
                    expected: "not 3"
                ) { kiosk in
                    let profiles = kiosk.folder + "/profiles"
                    try FileManager.default.copyItem(atPath: Repository.profiles, toPath: profiles)
                    let good = try String(contentsOfFile: profiles + "/cards/campus-2026.json5", encoding: .utf8)
                    try good.replacingOccurrences(of: "candidates: [9, 10, 11, 4]", with: "candidates: [9, 3]")
                        .write(toFile: profiles + "/cards/twice.json5", atomically: true, encoding: .utf8)
                    kiosk.configuration["profiles"] = profiles
                    kiosk.configuration["cardLayout"] = "twice"
                },
                Mistake(
                    "credentials with a short key", file: "/short.json5", place: "journalKey:", expected: "32 bytes"
                ) { kiosk in
                    try kiosk.write("short.json5", ["token": "t", "journalKey": "00", "rosterKey": "00"])
                    kiosk.configuration["credentials"] = "short.json5"
                },
                Mistake(
                    "a syntax error in the credentials", file: "/syntax.json5", place: "line 3:", expected: "expected"
                ) { kiosk in
                    try "{\n  token: \"t\",\n  journalKey \"00\"\n}\n".write(
                        toFile: kiosk.folder + "/syntax.json5", atomically: true, encoding: .utf8)
                    kiosk.configuration["credentials"] = "syntax.json5"
                },
            ]
        }

        @Test("a command line that is wrong: exit status 64; a configuration that is not there: 78")
        func commandLine() throws {
            let folder = NSTemporaryDirectory() + "yk-\(UInt32.random(in: 0...UInt32.max))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let cases: [([String], Int32, String)] = [
                ([], 64, "usage"), (["--configuration", "x"], 64, "usage"), (["--config"], 64, "usage"),
                (["--config", "x", "y"], 64, "usage"), (["--config", folder + "/none.json5"], 78, "none.json5"),
            ]
            for (index, (arguments, status, part)) in cases.enumerated() {
                let daemon = try RunningProgram(
                    Programs.path(of: "yikad"), arguments, name: "case-\(index)", folder: folder)
                #expect(daemon.waitForExit() == status, "\(arguments)")
                #expect(daemon.errors.contains(part), "\(arguments)")
            }
        }
    }
}
