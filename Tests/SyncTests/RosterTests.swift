import Crypto
import LedgerProtocol
import Simulator
import Sync
import Synchronization
import Testing

@Suite("Roster store")
struct RosterTests {
    private let key = Curve25519.Signing.PrivateKey()

    private func roster(_ version: UInt64, by key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        try Roster(version: version, issuedMilliseconds: 1000, entries: []).signed(by: key)
    }

    @Test("a roster named by an acknowledgement is fetched, verified, kept on disk and found again at start")
    func fetched() throws {
        let ledger = FakeLedger()
        let terminal = try Terminal(ledger, rosterKey: key.publicKey)
        #expect(terminal.uploader.step() > 0)
        #expect(terminal.roster?.current == nil)
        let bytes = try roster(4, by: key)
        ledger.state.withLock { $0.roster = (4, bytes) }
        try terminal.append(1)
        #expect(terminal.run())
        #expect(terminal.events.notable == [.rosterUpdated(version: 4)])
        #expect(terminal.roster?.ageMilliseconds(wallMilliseconds: 5000) == 4000)
        let store = RosterStore(storage: terminal.storage.afterPowerCut(), key: key.publicKey)
        try store.load()
        #expect(store.version == 4)
    }

    @Test("the roster is fetched at most once in 30 s, however many acknowledgements name newer ones")
    func fetchedSeldom() throws {
        let ledger = FakeLedger()
        let terminal = try Terminal(ledger, rosterKey: key.publicKey)
        for version in 1...50 as ClosedRange<UInt64> {
            let bytes = try roster(version, by: key)
            ledger.state.withLock { $0.roster = (version, bytes) }
            try terminal.append(1)
            #expect(terminal.run())
            terminal.time.advance(milliseconds: 100)
        }
        #expect(terminal.roster?.version == 1)
        let wait = terminal.uploader.step()
        #expect((1...30_000).contains(wait))
        terminal.time.advance(milliseconds: wait)
        _ = terminal.uploader.step()
        #expect(terminal.roster?.version == 50)
    }

    @Test("rosters of a wrong signature, older ones and damaged files are refused, and what was held stays in force")
    func refused() throws {
        let storage = SimulatedStorage(seed: 1)
        let store = RosterStore(storage: storage, key: key.publicKey)
        try store.install(try roster(4, by: key))
        #expect(throws: RosterStoreError.roster(.badSignature)) { try store.install(try roster(5, by: .init())) }
        #expect(throws: RosterStoreError.notNewer(offered: 3, held: 4)) { try store.install(try roster(3, by: key)) }
        #expect(throws: RosterStoreError.roster(.notARoster)) { try store.install(Array("<html>".utf8)) }
        #expect(store.version == 4)
        storage.damage("roster", at: 9, mask: 1)
        let again = RosterStore(storage: storage, key: key.publicKey)
        #expect(throws: RosterStoreError.roster(.badSignature)) { try again.load() }
        #expect(again.current == nil)
    }

    @Test("a power cut at every operation of an installation leaves the old roster or the new one, whole")
    func powerCuts() throws {
        var cuts = 0
        for seed in 1...50 as ClosedRange<UInt64> {
            for operation in 1...6 {
                let storage = SimulatedStorage(seed: seed)
                let store = RosterStore(storage: storage, key: key.publicKey)
                try store.install(try roster(1, by: key))
                storage.plan(.powerCut, atOperation: storage.operations + operation)
                let installed = (try? store.install(try roster(2, by: key))) != nil
                let after = RosterStore(storage: storage.afterPowerCut(), key: key.publicKey)
                try after.load()
                #expect(after.version == 2 || (!installed && after.version == 1))
                cuts += 1
            }
        }
        print("roster: \(cuts) power cuts survived")
    }
}
