import Crypto
import Foundation
import Journal
import LedgerProtocol
import Platform
import Simulator
import Sync
import Synchronization
import TestSupport
import Testing

@testable import Terminal

@Suite("Renewal of credentials")
struct RenewalTests {
    /// A ledger's side of it, by the hashes of secrets: which are good, and which of them was given last.
    private final class Desk: RenewalClient {
        struct State {
            var good: Set<String>
            var newest: String
            var isDue = true
            var losesAnswers = 0
            var successors = 0
        }

        let state: Mutex<State>

        init(knowing token: String) {
            let hash = RenewalTests.hash(token)
            state = Mutex(State(good: [hash], newest: hash))
        }

        /// The day in which both are good is over.
        func aDayLater() { state.withLock { $0.good = [$0.newest] } }

        func renew(
            _ request: RenewalRequest, of terminal: UInt16, showing credential: LedgerCredential
        ) throws(LedgerClientError) -> RenewalAnswer {
            guard case .bearer(let token) = credential else {
                return RenewalAnswer(renewed: false, expiresMilliseconds: 0)
            }
            let shown = RenewalTests.hash(token)
            return try state.withLock { (state) throws(LedgerClientError) in
                guard state.good.contains(shown) else {
                    throw LedgerClientError(kind: .denied, code: "L-EXPIRED", message: "run out")
                }
                if state.newest != request.credentialHash {
                    guard state.newest == shown else {
                        throw LedgerClientError(kind: .refused, code: "L-RENEWED", message: "another secret")
                    }
                    guard state.isDue else { return RenewalAnswer(renewed: false, expiresMilliseconds: 7) }
                    state.good.insert(request.credentialHash)
                    state.newest = request.credentialHash
                    state.isDue = false
                    state.successors += 1
                }
                if state.losesAnswers > 0 {
                    state.losesAnswers -= 1
                    throw LedgerClientError(kind: .timeout, code: "curl-28", message: "")
                }
                return RenewalAnswer(renewed: true, expiresMilliseconds: 9)
            }
        }
    }

    /// Seals by turning every bit, and by name.
    private struct Seal: Sealing {
        func seal(_ bytes: [UInt8], as name: String) -> [UInt8] { Array(name.utf8) + [0] + bytes.map { ~$0 } }

        func open(_ bytes: [UInt8], as name: String) throws(EnrolmentError) -> [UInt8] {
            guard bytes.starts(with: Array(name.utf8) + [0]) else { throw .notSealed("another name") }
            return bytes.dropFirst(name.utf8.count + 1).map { ~$0 }
        }
    }

    private struct Box {
        var credentials: SimulatedStorage
        var sealing: Seal?

        init(seed: UInt64 = 1, sealing: Seal? = nil) throws {
            self.sealing = sealing
            credentials = SimulatedStorage(seed: seed)
            try SecretFile.store(
                CredentialsFile(token: "first", rosterKey: "5c", journalKey: "4b"), as: "credentials.json5",
                in: credentials, sealing)
        }

        func renewal(_ client: any RenewalClient) -> Renewal {
            Renewal(
                terminal: 101,
                credentials: CredentialsPlace(storage: credentials, name: "credentials.json5", sealing: sealing),
                client: client)
        }

        var held: CredentialsFile? { try? SecretFile.read("credentials.json5", in: credentials, sealing) }

    }

    private static func hash(_ secret: String) -> String { SHA256.hash(data: Array(secret.utf8)).hex() }

    private func expectDone(_ box: Box, _ desk: Desk, _ comment: String) throws {
        let held = try #require(box.held, "\(comment)")
        #expect(held.rosterKey == "5c" && held.journalKey == "4b", "\(comment)")
        #expect(Self.hash(held.token) == desk.state.withLock { $0.newest }, "\(comment)")
        #expect(desk.state.withLock { $0.successors } == 1, "\(comment)")
        let draft = (try? box.credentials.contents(of: "credentials.json5.next")) ?? nil
        #expect(draft.map { String(decoding: $0, as: UTF8.self).contains(held.token) } != true, "\(comment)")
    }

    @Test("the new secret replaces the old one in the credentials and nothing else there; it is not time twice")
    func whole() throws {
        let (box, desk) = (try Box(), Desk(knowing: "first"))
        #expect(try box.renewal(desk).run() == Renewal.Result(isRenewed: true, expiresMilliseconds: 9))
        try expectDone(box, desk, "first")
        #expect([UInt8](hex: try #require(box.held?.token))?.count == 32)
        #expect(try box.renewal(desk).run() == Renewal.Result(isRenewed: false, expiresMilliseconds: 7))
        try expectDone(box, desk, "again")
    }

    @Test("where credentials are sealed, what waits to follow them is sealed too, each by its own name")
    func sealed() throws {
        let (box, desk) = (try Box(sealing: Seal()), Desk(knowing: "first"))
        desk.state.withLock { $0.losesAnswers = 1 }
        #expect(throws: EnrolmentError.self) { try box.renewal(desk).run() }
        let newest = desk.state.withLock { $0.newest }
        for name in try box.credentials.list() {
            let text = String(decoding: try #require(try box.credentials.contents(of: name)), as: UTF8.self)
            #expect(text.hasPrefix(name) && !text.contains("first") && !text.contains("secret"), "\(name)")
        }
        #expect(try box.renewal(desk).run().isRenewed)
        #expect(Self.hash(try #require(box.held?.token)) == newest)
        var other = box
        other.sealing = nil
        #expect(other.held == nil)
    }

    @Test("a secret that was made too early waits, and is the one that the ledger is told of when it is time")
    func early() throws {
        let (box, desk) = (try Box(), Desk(knowing: "first"))
        desk.state.withLock { $0.isDue = false }
        for _ in 0..<3 { #expect(try box.renewal(desk).run().isRenewed == false) }
        #expect(box.held?.token == "first")
        desk.state.withLock { $0.isDue = true }
        #expect(try box.renewal(desk).run().isRenewed)
        try expectDone(box, desk, "in time")
    }

    @Test(
        "a power cut or a failure at every operation on the disk, lost answers, a day or none until the next run: one successor"
    )
    func interrupted() throws {
        var interruptions = 0
        for fault in [SimulatedStorage.Fault.powerCut, .failure(5), .short] {
            for operation in 1...60 {
                for lost in 0...2 {
                    for aDayLater in [false, true] {
                        var box = try Box(seed: UInt64(operation))
                        let desk = Desk(knowing: "first")
                        desk.state.withLock { $0.losesAnswers = lost }
                        box.credentials.plan(fault, atOperation: operation)
                        let first = Swift.Result { try box.renewal(desk).run() }
                        box.credentials =
                            fault == .powerCut ? box.credentials.afterPowerCut() : box.credentials.afterProcessEnd()
                        if aDayLater { desk.aDayLater() }
                        for _ in 0..<4 { _ = try? box.renewal(desk).run() }
                        try expectDone(box, desk, "\(fault) at \(operation), \(lost) answers lost, \(first)")
                        if case .failure = first { interruptions += 1 }
                    }
                }
            }
        }
        #expect(interruptions > 200)
        print("renewal: \(interruptions) interruptions, one successor each")
    }

    @Test("credentials that were renewed elsewhere, and none at all, are refused with one next step")
    func refused() throws {
        let (box, desk) = (try Box(), Desk(knowing: "first"))
        _ = try desk.renew(
            RenewalRequest(credentialHash: Self.hash("a thief's")), of: 101, showing: .bearer("first"))
        do throws(EnrolmentError) {
            _ = try box.renewal(desk).run()
            Issue.record("renewed")
        } catch {
            #expect(error.code == "L-RENEWED" && error.isRefusal && error.nextStep.contains("yika enrol"))
        }
        #expect(box.held?.token == "first")
        var empty = box
        empty.credentials = SimulatedStorage(seed: 9)
        #expect(throws: EnrolmentError.notEnrolled) { try empty.renewal(desk).run() }
    }
}
