import LedgerProtocol
import Platform
import Testing

@testable import Ledger

@Suite("PINs", .onBothDatabases)
struct PinTests {
    private let account = Int64(TestBooks.account(1))

    @Test("A PIN is set once, changed by whoever knows it, and set anew at the counter")
    func life() throws {
        let books = try TestBooks()
        let (app, centre) = (books.desk(.app), books.desk(.cardCentre))
        try #expect(refusal { try app.verifyPin(account: account, "123456") } == "L-PIN")
        try app.setPin(account: account, to: "123456")
        try app.verifyPin(account: account, "123456")
        try #expect(refusal { try app.setPin(account: account, to: "654321") } == "L-PIN-SET")
        try #expect(refusal { try app.changePin(account: account, from: "000000", to: "654321") } == "L-PIN")
        try app.changePin(account: account, from: "123456", to: "654321")
        try #expect(refusal { try app.verifyPin(account: account, "123456") } == "L-PIN")
        try app.verifyPin(account: account, "654321")
        try centre.resetPin(account: account, to: "111111")
        try app.verifyPin(account: account, "111111")
        for pin in ["", "12345", "1234567", "12345a", "１２３４５６", "12345\0"] {
            try #expect(refusal { try app.verifyPin(account: account, pin) } == "L-MALFORMED", "\(pin)")
            try #expect(refusal { try centre.resetPin(account: account, to: pin) } == "L-MALFORMED", "\(pin)")
        }
        try #expect(refusal { try centre.resetPin(account: 1_999_999, to: "111111") } == "L-NO-ACCOUNT")
    }

    @Test("Five wrong PINs lock for a quarter of an hour, each further one for twice as long, a day at most")
    func lockOut() throws {
        let books = try TestBooks()
        let desk = books.desk(.app)
        try desk.setPin(account: account, to: "123456")
        for _ in 0..<4 { try #expect(refusal { try desk.verifyPin(account: account, "000000") } == "L-PIN") }
        try desk.verifyPin(account: account, "123456")
        for _ in 0..<5 { try #expect(refusal { try desk.verifyPin(account: account, "000000") } == "L-PIN") }
        var minutes: [Int64] = []
        for _ in 0..<9 {
            // While it is locked the right one is refused too, and the wrong one does not count.
            for pin in ["123456", "000000"] {
                try #expect(refusal { try desk.verifyPin(account: account, pin) } == "L-PIN-LOCKED")
            }
            let until = try #require(try desk.show(account: account).pinLockedUntilMilliseconds)
            minutes.append((until - books.time.milliseconds) / 60_000)
            books.time.milliseconds = until
            try #expect(refusal { try desk.verifyPin(account: account, "000000") } == "L-PIN")
        }
        #expect(minutes == [15, 30, 60, 120, 240, 480, 960, 1_440, 1_440])
        books.time.milliseconds += 86_400_000
        try desk.verifyPin(account: account, "123456")
        try #expect(desk.show(account: account).pinLockedUntilMilliseconds == nil)
        try #expect(refusal { try desk.verifyPin(account: account, "000000") } == "L-PIN")
        try desk.verifyPin(account: account, "123456")
    }

    @Test("A lock ends when the holder has a PIN set anew at the counter")
    func reset() throws {
        let books = try TestBooks()
        let desk = books.desk()
        try desk.setPin(account: account, to: "123456")
        for _ in 0..<5 { try #expect(refusal { try desk.verifyPin(account: account, "000000") } == "L-PIN") }
        try desk.resetPin(account: account, to: "222222")
        try desk.verifyPin(account: account, "222222")
    }

    @Test("An account that is not there is refused as a wrong PIN is")
    func unknown() throws {
        let books = try TestBooks()
        let desk = books.desk(.app)
        try desk.setPin(account: account, to: "123456")
        var words: Set<String> = []
        for number in [account, 1_999_999] {
            do { try desk.verifyPin(account: number, "000000") } catch let refused as LedgerRefused {
                words.insert("\(refused.status) \(refused.refusal.code) \(refused.refusal.message)")
            }
        }
        #expect(words.count == 1)
    }

    @Test("A verifier tells nothing without the key, nor beside another account")
    func verifier() throws {
        let pin = try #require(Pin(digits: "123456"))
        let (key, other) = (PinKey.random(), PinKey.random())
        let salt = PinVerifier.newSalt()
        let verifier = try PinVerifier.make(pin, salt: salt, account: 5, key: key, work: 1)
        #expect(verifier.count == 33)
        try #expect(PinVerifier.matches(pin, verifier, salt: salt, account: 5, key: key))
        try #expect(!PinVerifier.matches(pin, verifier, salt: salt, account: 6, key: key))
        try #expect(!PinVerifier.matches(pin, verifier, salt: salt, account: 5, key: other))
        try #expect(!PinVerifier.matches(pin, verifier, salt: PinVerifier.newSalt(), account: 5, key: key))
        let holder = try #require(HolderHash(bytes: [UInt8](repeating: 1, count: 16)))
        let stranger = try #require(HolderHash(bytes: [UInt8](repeating: 2, count: 16)))
        let sealed = try key.seal(pin, of: holder)
        try #expect(key.open(sealed, of: holder).digits == "123456")
        #expect(throws: LedgerDamage.self) { try key.open(sealed, of: stranger) }
        #expect(throws: LedgerDamage.self) { try other.open(sealed, of: holder) }
        #expect("\(key)" == "PinKey(hidden)")
    }

    @Test("scrypt at the shipped cost takes a PIN that it made, and takes its time")
    func standardWork() throws {
        let pin = try #require(Pin(digits: "123456"))
        let key = PinKey.random()
        let start = SystemTime().now()
        let verifier = try PinVerifier.make(pin, salt: [1], account: 5, key: key, work: PinVerifier.standardWork)
        print("scrypt: \(SystemTime().now().milliseconds(since: start)) ms at the shipped cost, this build")
        try #expect(PinVerifier.matches(pin, verifier, salt: [1], account: 5, key: key))
    }
}
