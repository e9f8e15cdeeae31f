import Crypto
import Foundation
import Journal
import LedgerProtocol
import Platform
import Simulator
import Sync
import Synchronization
import Testing

@testable import Terminal

@Suite("Enrolment")
struct EnrolmentTests {
    /// A ledger's side of it: a token is good for one secret, which it takes as often as it is told.
    private final class Desk: EnrolmentClient {
        static let answer = EnrolAnswer(
            terminal: 101, name: "第一餐厅 1", journalKey: String(repeating: "4b", count: 32), journalEpoch: 1,
            rosterKey: String(repeating: "5c", count: 32), publicKey: String(repeating: "6d", count: 32))

        struct State {
            var hashes: [String: String] = [:]
            var answer = Desk.answer
            var losesAnswers = 0
            var asked = 0
        }

        let state = Mutex(State())

        func enrol(_ request: EnrolRequest) throws(LedgerClientError) -> EnrolAnswer {
            try state.withLock { (state) throws(LedgerClientError) in
                state.asked += 1
                if let hash = state.hashes[request.enrolmentToken], hash != request.credentialHash {
                    throw LedgerClientError(kind: .refused, code: "L-ENROLLED", message: "another secret")
                }
                state.hashes[request.enrolmentToken] = request.credentialHash
                if state.losesAnswers > 0 {
                    state.losesAnswers -= 1
                    throw LedgerClientError(kind: .timeout, code: "curl-28", message: "")
                }
                return state.answer
            }
        }
    }

    /// The two folders of a terminal.
    private struct Box {
        var state: SimulatedStorage
        var credentials: SimulatedStorage
        var journal: SimulatedStorage?

        init(seed: UInt64 = 1) {
            state = SimulatedStorage(seed: seed)
            credentials = SimulatedStorage(seed: seed + 1)
        }

        func enrolment(_ client: any EnrolmentClient) -> Enrolment {
            Enrolment(
                expected: Enrolment.Expected(terminal: 101, journalEpoch: 1, publicKey: Desk.answer.publicKey),
                state: state, journal: journal,
                credentials: CredentialsPlace(storage: credentials, name: "credentials.json5"),
                client: client)
        }

        var token: String? {
            let bytes = (try? credentials.contents(of: "credentials.json5")) ?? nil
            return bytes.flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0)) }?["token"]
        }

        var key: String? {
            ((try? state.contents(of: "journal.key")) ?? nil).map {
                String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            }
        }

        func afterProcessEnd() -> Box {
            var box = self
            box.state = state.afterProcessEnd()
            box.credentials = credentials.afterProcessEnd()
            return box
        }

        func afterPowerCut() -> Box {
            var box = self
            box.state = state.afterPowerCut()
            box.credentials = credentials.afterPowerCut()
            return box
        }
    }

    private func expectDone(_ box: Box, _ desk: Desk, _ comment: String) {
        let hash = box.token.map { SHA256.hash(data: Array($0.utf8)).hex() }
        #expect(hash != nil && hash == desk.state.withLock { $0.hashes["T-1"] }, "\(comment)")
        #expect(box.key == Desk.answer.journalKey, "\(comment)")
        let draft = (try? box.state.contents(of: "enrolment.json")) ?? nil
        #expect(draft.map { String(decoding: $0, as: UTF8.self).contains(box.token ?? "?") } == false, "\(comment)")
    }

    @Test(
        "the secret is new, 32 bytes, and durable before the ledger hears of it; the same command again changes nothing"
    )
    func whole() throws {
        let box = Box()
        let desk = Desk()
        let result = try box.enrolment(desk).run(token: "T-1")
        #expect(result == Enrolment.Result(name: "第一餐厅 1", hasLaidKey: true, expiresMilliseconds: nil))
        expectDone(box, desk, "first")
        let token = try #require(box.token)
        #expect([UInt8](hex: token)?.count == 32)
        _ = try box.enrolment(desk).run(token: "T-1")
        #expect(box.token == token)
        // A new token is a new secret: so credentials are renewed.
        _ = try box.enrolment(desk).run(token: "T-2")
        #expect(box.token != nil && box.token != token)
    }

    @Test(
        "a power cut or a failure at every operation on the disk, and lost answers: the same command ends in the same place"
    )
    func interrupted() throws {
        var interruptions = 0
        for isState in [true, false] {
            for fault in [SimulatedStorage.Fault.powerCut, .failure(5), .short] {
                for operation in 1...40 {
                    for lost in 0...1 {
                        var box = Box(seed: UInt64(operation))
                        let desk = Desk()
                        desk.state.withLock { $0.losesAnswers = lost }
                        (isState ? box.state : box.credentials).plan(fault, atOperation: operation)
                        let first = Swift.Result { try box.enrolment(desk).run(token: "T-1") }
                        if fault == .powerCut { box = box.afterPowerCut() }
                        let comment = "\(fault) at \(operation) of \(isState ? "state" : "credentials"), \(first)"
                        for _ in 0..<3 { _ = try? box.enrolment(desk).run(token: "T-1") }
                        // A fault planned for later still is not the command's to survive now.
                        box = box.afterProcessEnd()
                        _ = try box.enrolment(desk).run(token: "T-1")
                        expectDone(box, desk, comment)
                        if case .failure = first { interruptions += 1 }
                    }
                }
            }
        }
        print("enrolment: \(interruptions) interruptions, all ended in the same place")
    }

    @Test("the secret that the ledger took is on the disk, whatever the power does right after it was asked")
    func durableFirst() throws {
        for seed in 1...100 as ClosedRange<UInt64> {
            let box = Box(seed: seed)
            let desk = Desk()
            desk.state.withLock { $0.losesAnswers = 1 }
            _ = try? box.enrolment(desk).run(token: "T-1")
            let after = box.afterPowerCut()
            _ = try after.enrolment(desk).run(token: "T-1")
            expectDone(after, desk, "seed \(seed)")
        }
    }

    @Test("where a journal was begun its root key is not laid down again")
    func journal() throws {
        var box = Box()
        let journal = SimulatedStorage(seed: 9)
        _ = try JournalWriter.open(
            storage: journal, terminal: 101, key: ChainKey(bytes: [UInt8](repeating: 7, count: 32)),
            time: SimulatedTime(), options: JournalOptions(epoch: 1)
        ).append(type: RecordType(rawValue: 1), payload: [1])
        box.journal = journal.afterProcessEnd()
        #expect(try box.enrolment(Desk()).run(token: "T-1").hasLaidKey == false)
        #expect(box.key == nil && box.token != nil)
        box.journal = SimulatedStorage(seed: 10)
        #expect(try box.enrolment(Desk()).run(token: "T-1").hasLaidKey)
    }

    @Test("what contradicts the configuration is refused before anything is written but the draft, with one next step")
    func contradictions() throws {
        let cases: [(EnrolmentError, (inout EnrolAnswer) -> Void)] = [
            (.otherTerminal(7), { $0.terminal = 7 }), (.otherEpoch(2), { $0.journalEpoch = 2 }),
            (
                .otherPublicKey(String(repeating: "77", count: 32)),
                { $0.publicKey = String(repeating: "77", count: 32) }
            ),
            (.malformed("journalKey"), { $0.journalKey = "" }), (.malformed("rosterKey"), { $0.rosterKey = "00" }),
        ]
        for (error, change) in cases {
            let box = Box()
            let desk = Desk()
            desk.state.withLock { change(&$0.answer) }
            #expect(throws: error) { try box.enrolment(desk).run(token: "T-1") }
            #expect(box.token == nil && box.key == nil)
            #expect(error.isRefusal && !error.nextStep.isEmpty)
            desk.state.withLock { $0.answer = Desk.answer }
            _ = try box.enrolment(desk).run(token: "T-1")
            expectDone(box, desk, "\(error)")
        }
    }

    @Test("only HTTPS or this very machine is private enough for keys, whatever an address is dressed up as")
    func addresses() {
        for (text, isPrivate) in [
            ("https://ledger.example", true), ("http://127.0.0.1:8080/", true), ("http://localhost", true),
            ("http://[::1]:80", true), ("http://ledger.example", false), ("http://127.0.0.1@evil.example", false),
            ("http://127.0.0.1.evil.example", false), ("http://localhost:80@evil.example/", false),
            ("http://localhost:x", false), ("http://127.0.0.1:80:90", false),
        ] {
            #expect(LedgerAddress(text)?.isPrivate == isPrivate, "\(text)")
        }
        for text in ["", "ledger.example", "ftp://127.0.0.1", "https://"] {
            #expect(LedgerAddress(text) == nil, "\(text)")
        }
        let open = CurlEnrolmentClient(address: LedgerAddress("http://192.0.2.1")!, authorities: nil)
        let request = EnrolRequest(enrolmentToken: "T", terminal: 1, credentialHash: "")
        #expect(throws: LedgerClientError.self) { try open.enrol(request) }
    }
}
