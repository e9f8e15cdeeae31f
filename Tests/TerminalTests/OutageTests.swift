import Foundation
import Platform
import Simulator
import TestSupport
import Testing

extension RealPrograms {
    @Suite("What may be missing")
    struct Outages {
        @Test("pcscd absent at the start, ended and crashed later: said each time, and cards activate when it is back")
        func pcscd() throws {
            let kiosk = try Kiosk(people: 3)
            try kiosk.ledger.start()
            try kiosk.startDaemon()
            for (round, person) in kiosk.people.enumerated() {
                try kiosk.events.next("pcscd's absence") { $0.isCondition("YK-R01", "raised") }
                try kiosk.pcscd.start()
                try kiosk.events.next("pcscd's return") { $0.isCondition("YK-R01", "cleared") }
                #expect(try kiosk.tap(try kiosk.card(of: person)).what == "activated")
                // A crash with the card on the reader, then an orderly end.
                if round < 2 { kiosk.pcscd.stop(hard: round == 0) }
            }
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, kiosk.people)
        }

        @Test("pcscd crashes while a card is being written: the card is finished once it is back")
        func pcscdCrashesInHand() throws {
            let kiosk = try Kiosk(latency: 30)
            try kiosk.open()
            let card = try kiosk.card(of: kiosk.people[0])
            try kiosk.lay(card)
            try kiosk.events.next("the intent") { $0.what == "intent-durable" }
            kiosk.pcscd.stop(hard: true)
            #expect(try kiosk.events.next("the tap's ending") { $0.event == "ended" }.what == "card-removed-early")
            try kiosk.pcscd.start()
            #expect(try kiosk.tap(card).what == "activated")
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, kiosk.people)
        }

        @Test("without a sound device: said, and cards activate")
        func sound() throws {
            let kiosk = try Kiosk()
            kiosk.configuration["voice"] = ["device": "no_such_pcm", "languages": ["zh-CN", "en"]]
            try kiosk.open()
            try kiosk.events.next("the missing device") { $0.isCondition("YK-S01", "raised") }
            #expect(try kiosk.tap(try kiosk.card(of: kiosk.people[0])).what == "activated")
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, kiosk.people)
        }

        @Test(
            "no ledger, no roster: refused in words; with an earlier roster: one card each is activated, later posted"
        )
        func ledger() throws {
            let kiosk = try Kiosk(people: 2)
            try kiosk.ledger.start()
            kiosk.ledger.stop()
            try kiosk.pcscd.start()
            try kiosk.startDaemon()
            let untouched = try kiosk.card(of: kiosk.people[0])
            let before = untouched.chip.memory
            let refused = try kiosk.tap(untouched)
            #expect(refused.code == "YK-A07")
            #expect(refused.what == "roster-too-old")
            #expect(untouched.chip.memory == before)
            try kiosk.lift()
            try kiosk.ledger.start()
            try kiosk.events.next("the roster") { $0.event == "roster" && $0.what == "updated" }
            kiosk.ledger.stop()
            for person in kiosk.people {
                let ended = try kiosk.tap(try kiosk.card(of: person))
                #expect(ended.what == "activated")
                #expect(ended.detail?.contains("permitted by roster") == true)
                try kiosk.lift()
                let other = try kiosk.card(of: person, uid: [0x77] + person.uid.dropFirst())
                let second = try kiosk.tap(other)
                #expect(second.code == "YK-A03")
                #expect(second.what == "active-elsewhere")
                try kiosk.lift()
            }
            // A restart in between must not make the terminal forget whose card is active.
            #expect(try kiosk.stopDaemon().status == 0)
            try kiosk.startDaemon()
            let third = try kiosk.tap(try kiosk.card(of: kiosk.people[0], uid: [0x78, 1, 2, 3]))
            #expect(third.what == "active-elsewhere")
            try kiosk.lift()
            try kiosk.ledger.start()
            try kiosk.awaitAcknowledgement(of: 4)
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, kiosk.people)
        }

        @Test("a ledger that does not answer is not waited for: the roster decides")
        func hangingLedger() throws {
            let kiosk = try Kiosk()
            var settings = try #require(kiosk.configuration["ledger"] as? [String: Any])
            settings["permitMilliseconds"] = 200
            kiosk.configuration["ledger"] = settings
            try kiosk.open()
            try kiosk.events.next("the roster") { $0.event == "roster" && $0.what == "updated" }
            kiosk.ledger.freeze()
            let ended = try kiosk.tap(try kiosk.card(of: kiosk.people[0]))
            #expect(ended.what == "activated")
            #expect(ended.detail?.contains("permitted by roster") == true)
            kiosk.ledger.thaw()
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)
            try expectPosted(kiosk, kiosk.people)
        }

        @Test(
            "the journal's root key is used once and destroyed, asked for when it is missing, told of when it is left")
        func rootKey() throws {
            let kiosk = try Kiosk()
            let file = kiosk.folder + "/state/journal.key"
            let key = try String(contentsOfFile: file, encoding: .utf8)
            try FileManager.default.moveItem(atPath: file, toPath: kiosk.folder + "/key")
            try kiosk.open()
            try kiosk.events.next("the missing key") { $0.isCondition("YK-J05", "raised") }
            #expect(try kiosk.stopDaemon().status == 0)
            try FileManager.default.moveItem(atPath: kiosk.folder + "/key", toPath: file)
            try kiosk.startDaemon()
            #expect(!FileManager.default.fileExists(atPath: file))
            #expect(try kiosk.tap(try kiosk.card(of: kiosk.people[0])).what == "activated")
            try kiosk.awaitPosted()
            #expect(try kiosk.stopDaemon().status == 0)

            let credentials = try Data(contentsOf: URL(filePath: kiosk.folder + "/credentials.json5"))
            var values = try JSONSerialization.jsonObject(with: credentials) as? [String: Any] ?? [:]
            values["journalKey"] = key
            try kiosk.write("credentials.json5", values)
            try kiosk.startDaemon()
            try kiosk.events.next("the key left behind") { $0.isCondition("YK-J06", "raised") }
            #expect(try kiosk.stopDaemon().status == 0)
        }

        @Test("a malformed reader profile and a broken voice pack are named and passed over")
        func badData() throws {
            let kiosk = try Kiosk()
            let profiles = kiosk.folder + "/profiles"
            try FileManager.default.copyItem(atPath: Repository.profiles, toPath: profiles)
            kiosk.configuration["profiles"] = profiles
            try "{ id: \"broken\", title: 7 }".write(
                toFile: profiles + "/readers/broken.json5", atomically: true, encoding: .utf8)
            let sentence = profiles + "/voices/zh-CN/activated.wav"
            let whole = try #require(FileManager.default.contents(atPath: sentence))
            try whole.prefix(whole.count / 2).write(to: URL(filePath: sentence))
            try kiosk.open()
            let profile = try kiosk.events.next("the bad profile") { $0.isCondition("YK-P01", "raised") }
            #expect(profile.detail?.contains("readers/broken.json5: title: expected a text in quotes") == true)
            let pack = try kiosk.events.next("the bad voice pack") { $0.isCondition("YK-S02", "raised") }
            #expect(pack.detail?.contains("voices/zh-CN/activated.wav") == true)
            #expect(try kiosk.tap(try kiosk.card(of: kiosk.people[0])).what == "activated")
            try kiosk.events.ensure("the sentence in the other language") {
                $0.event == "prompt" && $0.what == "started" && $0.detail == "activated"
            }
            #expect(try kiosk.stopDaemon().status == 0)
            let english = try #require(FileManager.default.contents(atPath: profiles + "/voices/en/activated.wav"))
            let start = try #require(english.range(of: Data("data".utf8))).upperBound + 4
            #expect(kiosk.sound.range(of: english[start...]) != nil)
        }
    }
}
