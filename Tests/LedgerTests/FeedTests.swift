import Crypto
import Foundation
import LedgerProtocol
import Logging
import Platform
import Testing

@testable import Ledger

@Suite("Feeds and heartbeats", .onBothDatabases)
struct FeedTests {
    private func heartbeat(_ books: TestBooks, _ heartbeat: Heartbeat = TestBooks.heartbeat()) throws -> HeartbeatAnswer
    {
        try books.service.heartbeat(heartbeat, terminal: 1, token: TestBooks.token)
    }

    @Test("A report of loss is in the hotlist and the roster at the next heartbeat, and found again likewise")
    func loss() throws {
        let books = try TestBooks()
        var terminal = TestTerminal()
        terminal.activate(1)
        try books.upload(terminal.slots, first: 1)
        let tag = CardTag(uid: TestBooks.uid(1), key: books.keys.rosterKey)
        let before = try heartbeat(books)
        #expect(before.hotlistVersion > 0 && before.settingsVersion == 0 && before.acknowledged == 2)
        var (hotlist, roster) = (try books.hotlist(), try books.roster())
        for isLost in [true, false, true] {
            _ =
                try isLost
                ? books.administration.reportLost(holderNumber: TestBooks.holder(1))
                : books.administration.reportFound(holderNumber: TestBooks.holder(1))
            books.time.milliseconds += 3_000
            let answer = try heartbeat(books)
            #expect(answer.hotlistVersion > hotlist.version && answer.rosterVersion > roster.version)
            let key = books.keys.signingKey.publicKey
            let bytes = try #require(try books.feed(.hotlist, since: hotlist.version))
            // A list of one card is smaller than what says that it has changed.
            if HotlistDelta.isBegun(by: bytes) {
                try hotlist.apply(HotlistDelta(verifying: bytes, with: key))
            } else {
                hotlist = try Hotlist(verifying: bytes, with: key)
            }
            let lines = try #require(try books.feed(.roster, since: roster.version))
            try roster.apply(RosterDelta(verifying: lines, with: key))
            #expect(hotlist.contains(tag) == isLost)
            #expect(roster.entry(of: books.hash(1))?.status == (isLost ? .reportedLost : .active))
        }
        try #expect(books.feed(.hotlist, since: hotlist.version) == nil)
        // A number from nowhere: a restored ledger, or another one.
        try #expect(books.feed(.hotlist, since: .max) != nil)
    }

    @Test("Whatever changes in whatever order, and whoever looks when, deltas lead to the snapshot")
    func deltas() throws {
        let seed = UInt64.random(in: 0...9_999)
        var random = SeededGenerator(seed: seed)
        let books = try TestBooks(holders: 40)
        let key = books.keys.signingKey.publicKey
        var rosters = [try books.roster()]
        var (deltas, snapshots) = (0, 0)
        for _ in 0..<60 {
            for _ in 0..<Int.random(in: 0...3, using: &random) { try change(books, &random) }
            // Some terminals look while changes wait for a version.
            if Bool.random(using: &random) { books.time.milliseconds += FeedDesk.issuePauseMilliseconds }
            let held = Int.random(in: 0..<rosters.count, using: &random)
            let answer = try books.service.feed(
                .roster, since: rosters[held].version, terminal: 1, token: TestBooks.token)
            guard let answer else { continue }
            if RosterDelta.isBegun(by: answer) {
                rosters[held] = try rosters[held].applying(RosterDelta(verifying: answer, with: key))
                deltas += 1
            } else {
                rosters[held] = try Roster(verifying: answer, with: key)
                snapshots += 1
            }
            if rosters.count < 6 { rosters.append(try books.roster()) }
        }
        let final = try books.roster()
        for roster in rosters {
            guard let answer = try books.feed(.roster, since: roster.version) else {
                #expect(roster.version == final.version)
                continue
            }
            let reached =
                RosterDelta.isBegun(by: answer)
                ? try roster.applying(RosterDelta(verifying: answer, with: key))
                : try Roster(verifying: answer, with: key)
            #expect(reached.entries == final.entries, "seed \(seed)")
        }
        #expect(deltas > 10)
        print("feeds: \(deltas) deltas and \(snapshots) snapshots led to one roster, seed \(seed)")
    }

    private func change(_ books: TestBooks, _ random: inout SeededGenerator) throws {
        let holder = Int.random(in: 0..<40, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: _ = try books.administration.reportLost(holderNumber: TestBooks.holder(holder))
        case 1: _ = try books.administration.reportFound(holderNumber: TestBooks.holder(holder))
        case 2:
            try books.execute(
                """
                UPDATE accounts SET roster_version = 0,
                    status = CASE WHEN status = 'open' THEN 'closed' ELSE 'open' END
                WHERE number = \(TestBooks.account(holder))
                """)
        default:
            let number = "new \(UInt32.random(in: .min ... .max, using: &random))"
            _ = try books.administration.importFile(
                ImportFile(accounts: [.init(holderNumber: number, name: "Somebody", kind: .student)]))
        }
    }

    @Test(
        "A ledger put back from a backup gives no version to other content, and leads nobody on from one it never issued"
    )
    func restored() throws {
        let books = try TestBooks(holders: 6)
        let key = books.keys.signingKey.publicKey
        let known = try books.roster()
        #expect(known.version == UInt64(books.time.milliseconds / 1_000))
        let backup = try TestDatabase.current.makeStore(in: books.directory)
        _ = try LedgerCopy.run(from: books.store, to: backup)
        _ = try books.administration.reportLost(holderNumber: TestBooks.holder(1))
        let later = try books.roster()
        #expect(later.entry(of: books.hash(1))?.status == .reportedLost)
        // The loss was reported after the backup: the books that are put back never heard of it.
        let restored = LedgerService(
            store: backup, keys: books.keys, time: books.time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let administration = Administration(store: backup, rosterKey: books.keys.rosterKey, time: books.time)
        books.time.milliseconds += 60_000
        for holder in 2...4 { _ = try administration.reportLost(holderNumber: TestBooks.holder(holder)) }
        for (base, isDelta) in [(known, true), (later, false)] {
            let answer = try #require(
                try restored.feed(.roster, since: base.version, terminal: 1, token: TestBooks.token))
            #expect(RosterDelta.isBegun(by: answer) == isDelta)
            let reached =
                isDelta
                ? try base.applying(RosterDelta(verifying: answer, with: key))
                : try Roster(verifying: answer, with: key)
            #expect(reached.version > later.version)
            #expect(reached.entry(of: books.hash(1))?.status == .mayActivate)
            #expect(reached.entry(of: books.hash(2))?.status == .reportedLost)
        }
        try backup.close()
    }

    @Test("Two versions of one second, or of a clock that went back, still rise")
    func secondsRepeat() throws {
        let books = try TestBooks()
        var versions: [UInt64] = []
        for step: Int64 in [0, 0, -3_600_000, 10_000_000_000_000] {
            books.time.milliseconds += step
            _ = try books.store.write { try $0.issue(.hotlist, now: books.time.milliseconds) }
            versions.append(try books.store.read { try $0.feedVersion(.hotlist) })
        }
        let first = UInt64(1_790_000_000)
        // A clock that is centuries ahead makes no version that 32 bits cannot hold.
        #expect(versions == [first, first + 1, first + 2, 4_000_000_000])
    }

    @Test("Settings are taken if terminals would take them, and reach them whole")
    func settings() throws {
        let books = try TestBooks()
        func set(_ name: String, _ json: String) throws {
            try CampusSettings.set(name, json: json, in: books.store, actor: "a test", time: books.time)
        }
        try #expect(books.feed(.settings) == nil)
        for (name, json) in [
            ("heartbeatMilliseconds", "10"), ("heartbeatMilliseconds", "\"often\""), ("heartbeat", "3000"),
            ("heartbeatMilliseconds", "3000,\"x\":1}{"), ("a\"b", "1"), ("heartbeatMilliseconds", ""),
        ] {
            #expect(throws: CampusSettingError.self, "\(name) \(json)") { try set(name, json) }
        }
        try set("heartbeatMilliseconds", "5000")
        let feed = try SettingsFeed(
            verifying: try #require(try books.feed(.settings)), with: books.keys.signingKey.publicKey)
        #expect(feed.settings.heartbeatMilliseconds == 5000)
        try #expect(CampusSettings(from: books.store).json == #"{"heartbeatMilliseconds":5000}"#)
        try set("heartbeatMilliseconds", "null")
        let unset = try SettingsFeed(
            verifying: try #require(try books.feed(.settings, since: feed.version)),
            with: books.keys.signingKey.publicKey)
        #expect(unset.settings.heartbeatMilliseconds == nil && unset.version > feed.version)
        try #expect(books.actions() == ["settings set", "settings set"])
    }

    @Test("The books hear of a terminal when something about it changes, and once a minute")
    func storedHeartbeats() throws {
        let books = try TestBooks()
        func stored() throws -> Int64 {
            try books.store.read { try $0.integer("SELECT received_ms FROM heartbeats WHERE terminal = 1") }
        }
        let start = books.time.milliseconds
        _ = try heartbeat(books)
        for _ in 0..<19 {
            books.time.milliseconds += 3_000
            _ = try heartbeat(books)
        }
        try #expect(stored() == start)
        books.time.milliseconds += 3_000
        _ = try heartbeat(books)
        try #expect(stored() == start + 60_000)
        books.time.milliseconds += 3_000
        _ = try heartbeat(books, TestBooks.heartbeat(conditions: ["YK-J04"]))
        try #expect(stored() == start + 63_000)
    }

    @Test("A thousand terminals that want the same delta cost one, and old ones make room")
    func cache() throws {
        let cache = FeedCache(limit: 1_000)
        let made = Mailbox<Int>()
        DispatchQueue.concurrentPerform(iterations: 100) { index in
            _ = try? cache.answer(.init(kind: .roster, since: 1, version: 2)) {
                made.send(index)
                Thread.sleep(forTimeInterval: 0.02)
                return IssuedFeed(version: 2, bytes: [1])
            }
        }
        #expect(made.drain().count == 1)
        #expect(throws: CancellationError.self) {
            try cache.answer(.init(kind: .roster, since: 2, version: 3)) { throw CancellationError() }
        }
        try #expect(
            cache.answer(.init(kind: .roster, since: 2, version: 3)) { .init(version: 3, bytes: [2]) }.bytes == [2])
        #expect(cache.count == 1)
        for since in UInt64(0)..<50 {
            _ = try cache.answer(.init(kind: .hotlist, since: since, version: 60)) {
                .init(version: 60, bytes: [UInt8](repeating: 0, count: 100))
            }
        }
        #expect(cache.count <= 10)
    }
}
