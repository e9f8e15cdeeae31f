import Canteen
import Crypto
import LedgerProtocol
import Testing

/// A telephone, a ledger and the times that the tests below play with.
private struct Phone {
    /// 2026-09-01 11:40:00 UTC: a whole minute at lunch.
    static let noon: Int64 = 1_788_262_800_000

    let ledger = Curve25519.Signing.PrivateKey()
    let device = Curve25519.Signing.PrivateKey()
    var account: UInt64 = 12
    var notBefore = noon - 86_400_000
    var notAfter = noon + 86_400_000
    var capFen: UInt32 = 5_000

    func code(at milliseconds: Int64 = noon) throws -> PaymentCode {
        let certificate = try #require(
            AccountCertificate(
                account: account, notBeforeMilliseconds: notBefore, notAfterMilliseconds: notAfter,
                offlineCapFen: capFen, deviceKey: Array(device.publicKey.rawRepresentation)))
        return try PaymentCode.make(
            certificate: certificate.signed(by: ledger), deviceKey: device, wallMilliseconds: milliseconds)
    }

    func desk(_ rules: CodeRules = CodeRules(), memory: CodeMemory.Size = CodeMemory.Size()) -> CodeDesk {
        let key = ledger.publicKey
        return CodeDesk(rules: rules, memory: memory) { text throws(PaymentCodeError) in
            try PaymentCode(verifying: text, with: key)
        }
    }
}

extension CodeDesk {
    fileprivate func refusal(_ text: String, at now: Int64 = Phone.noon) -> CodeRefusal? {
        do throws(CodeRefusal) {
            _ = try check(text, wallMilliseconds: now)
            return nil
        } catch {
            return error
        }
    }
}

private func sale(
    _ hash: UInt64, account: UInt64 = 12, _ result: SaleResult = .intended, fen: UInt32 = 1_000,
    isAuthorized: Bool = false, medium: SaleMedium = .code
) -> SaleRecord {
    SaleRecord(
        uid: [], medium: medium, result: result, isAuthorized: isAuthorized, account: account, cardSerial: 0,
        cardSequence: 0, amount: fen, codeHash: hash)
}

@Suite("Payment codes at a counter")
struct CodeDeskTests {
    private let noon = Phone.noon

    /// The code's own minute is noon..<noon + 60 s.
    @Test(
        "A code counts in its minute, one minute around it and within the drift, to the millisecond",
        arguments: [
            (0, -60_001, CodeRefusal.fromTheFuture), (0, -60_000, nil), (0, -1, nil), (0, 0, nil), (0, 59_999, nil),
            (0, 60_000, nil), (0, 119_999, nil), (0, 120_000, .expired),
            (60, -120_001, .fromTheFuture), (60, -120_000, nil), (60, 30_000, nil), (60, 179_999, nil),
            (60, 180_000, .expired),
            (3600, -3_660_001, .fromTheFuture), (3600, -3_660_000, nil), (3600, 3_719_999, nil),
            (3600, 3_720_000, .expired),
            // Beyond an hour, and below nothing, the drift is brought into its range.
            (99_999, -3_660_001, .fromTheFuture), (99_999, 3_720_000, .expired), (-5, 120_000, .expired),
        ] as [(Int64, Int64, CodeRefusal?)])
    func window(driftSeconds: Int64, offset: Int64, expected: CodeRefusal?) throws {
        let phone = Phone()
        let desk = phone.desk(CodeRules(driftMilliseconds: driftSeconds * 1000))
        // Made early or late in the minute: the same code's window.
        for made in [noon, noon + 59_999] {
            #expect(desk.refusal(try phone.code(at: made).text, at: noon + offset) == expected)
        }
    }

    @Test(
        "A certificate counts from its first to its last millisecond, give or take the drift",
        arguments: [
            (-60_001, CodeRefusal.certificateExpired), (-60_000, nil), (0, nil), (30_000, nil), (90_000, nil),
            (90_001, .certificateExpired),
        ] as [(Int64, CodeRefusal?)])
    func certificate(offset: Int64, expected: CodeRefusal?) throws {
        var phone = Phone()
        (phone.notBefore, phone.notAfter) = (noon, noon + 30_000)
        let desk = phone.desk()
        #expect(desk.refusal(try phone.code(at: noon + offset).text, at: noon + offset) == expected)
    }

    @Test("Certificates with the most extreme times and clocks that are wrong by everything trap nowhere")
    func extremes() throws {
        var phone = Phone()
        (phone.notBefore, phone.notAfter) = (.min, .max)
        let desk = phone.desk()
        let text = try phone.code().text
        #expect(desk.refusal(text, at: .min) == .fromTheFuture && desk.refusal(text, at: .max) == .expired)
        #expect(desk.refusal(text) == nil)
        (phone.notBefore, phone.notAfter) = (.max, .max)
        #expect(phone.desk().refusal(try phone.code().text) == .certificateExpired)
        (phone.notBefore, phone.notAfter) = (.min, .min)
        #expect(phone.desk().refusal(try phone.code().text) == .certificateExpired)
        var used = phone.desk()
        used.journalled(sale(1), sequence: 1, wallMilliseconds: .max)
        used.journalled(sale(2), sequence: 2, wallMilliseconds: .min)
        #expect(used.remembered == 2)
    }

    @Test("What is no code of ours is told apart from what is cut off and from what is forged")
    func reading() throws {
        let phone = Phone()
        let desk = phone.desk()
        let text = try phone.code().text
        #expect(desk.refusal("https://qr.alipay.com/fkx12345") == .notOurs)
        #expect(desk.refusal(String(text.dropLast())) == .incomplete && desk.refusal(text + "A") == .incomplete)
        #expect(desk.refusal(try Phone().code().text) == .badSignature)
        #expect(desk.refusal(text.lowercased() + "\r\n") == nil)
    }

    @Test("A code pays once here, also after a restart; asking and other reasons do not use it up")
    func singleUse() throws {
        let phone = Phone()
        var desk = phone.desk()
        let (one, other) = (try phone.code(), try phone.code())
        for _ in 0..<3 { #expect(desk.refusal(one.text) == nil) }
        let record = sale(one.hash)
        desk.journalled(record, sequence: 5, wallMilliseconds: noon)
        #expect(desk.refusal(one.text) == .alreadyUsed && desk.refusal(other.text) == nil)
        // Its outcome names it again, and it is still one sale.
        desk.journalled(sale(one.hash, .done), sequence: 6, wallMilliseconds: noon)
        #expect(desk.remembered == 1 && desk.spentFen(by: 12) == 1_000)
        // Too late or not: who shows the code that paid hears that it has.
        #expect(desk.refusal(one.text, at: noon + 3_600_000) == .alreadyUsed)

        var restarted = phone.desk()
        restarted.journalled(record, sequence: 5, wallMilliseconds: noon)
        #expect(restarted.refusal(one.text) == .alreadyUsed && restarted.refusal(other.text) == nil)
        // Cards and faces have no code.
        restarted.journalled(sale(other.hash, medium: .card), sequence: 6, wallMilliseconds: noon)
        restarted.journalled(sale(0), sequence: 7, wallMilliseconds: noon)
        #expect(restarted.refusal(other.text) == nil && restarted.remembered == 1)
    }

    @Test("Without the ledger an account's codes pay up to the lower cap, and its word frees them")
    func cap() throws {
        var phone = Phone()
        phone.capFen = 5_000
        for (rules, cap) in [
            (CodeRules(offlineCapFen: 10_000), UInt32(5_000)), (CodeRules(offlineCapFen: 3_000), 3_000),
        ] {
            var desk = phone.desk(rules)
            var admission = try desk.check(phone.code().text, wallMilliseconds: noon)
            #expect(admission.offlineLeftFen == cap)
            try desk.checkCap(admission, amountFen: cap)
            #expect(throws: CodeRefusal.overCap) { try desk.checkCap(admission, amountFen: cap + 1) }

            desk.journalled(sale(1, fen: cap - 1_000), sequence: 10, wallMilliseconds: noon)
            desk.journalled(sale(2, account: 13, fen: cap), sequence: 11, wallMilliseconds: noon)
            admission = try desk.check(phone.code().text, wallMilliseconds: noon)
            #expect(admission.offlineLeftFen == 1_000 && admission.spentFen == Int64(cap) - 1_000)
            try desk.checkCap(admission, amountFen: 1_000)
            #expect(throws: CodeRefusal.overCap) { try desk.checkCap(admission, amountFen: 1_001) }

            // What the ledger had agreed to is its own risk.
            desk.journalled(sale(3, fen: 9_999, isAuthorized: true), sequence: 12, wallMilliseconds: noon)
            #expect(desk.spentFen(by: 12) == Int64(cap) - 1_000)
            desk.confirmed(through: 9)
            #expect(desk.spentFen(by: 12) == Int64(cap) - 1_000)
            desk.confirmed(through: 10)
            #expect(desk.spentFen(by: 12) == 0 && desk.spentFen(by: 13) == Int64(cap))
        }
    }

    @Test("More than the cap was spent, as rules became stricter: nothing is left, and nothing wraps")
    func overspent() throws {
        let phone = Phone()
        var desk = phone.desk(CodeRules(offlineCapFen: 100))
        for hash in 1...3 {
            desk.journalled(sale(UInt64(hash), fen: .max), sequence: UInt64(hash), wallMilliseconds: noon)
        }
        let admission = try desk.check(phone.code().text, wallMilliseconds: noon)
        #expect(admission.offlineLeftFen == 0 && admission.spentFen == 3 * Int64(UInt32.max))
        #expect(throws: CodeRefusal.overCap) { try desk.checkCap(admission, amountFen: 1) }
        try desk.checkCap(admission, amountFen: 0)
    }

    @Test("A sale by which nobody pays gives its amount back, once, and its code stays used")
    func undone() throws {
        let phone = Phone()
        for result in [SaleResult.undone, .voided] {
            var desk = phone.desk()
            let code = try phone.code()
            desk.journalled(sale(code.hash, fen: 2_000), sequence: 1, wallMilliseconds: noon)
            desk.journalled(sale(9, fen: 500), sequence: 2, wallMilliseconds: noon)
            for sequence in 3...4 {
                desk.journalled(sale(code.hash, result), sequence: UInt64(sequence), wallMilliseconds: noon)
            }
            #expect(desk.spentFen(by: 12) == 500 && desk.refusal(code.text) == .alreadyUsed)
            desk.confirmed(through: 4)
            #expect(desk.spentFen(by: 12) == 0)
            // Of a code that was never seen here there is nothing to give back.
            desk.journalled(sale(77, result), sequence: 5, wallMilliseconds: noon)
            #expect(desk.spentFen(by: 12) == 0)
        }
    }

    @Test("Replayed records that the ledger has confirmed already use their codes up and cost no cap")
    func replayBehindTheCursor() throws {
        let phone = Phone()
        var desk = phone.desk()
        desk.confirmed(through: 2)
        for sequence in 1...4 {
            desk.journalled(sale(UInt64(sequence), fen: 100), sequence: UInt64(sequence), wallMilliseconds: noon)
        }
        #expect(desk.spentFen(by: 12) == 200 && desk.remembered == 4)
    }

    @Test("Memory is bounded: what is over and confirmed goes first, and what is needed is never forgotten")
    func memory() throws {
        let phone = Phone()
        var desk = phone.desk(memory: CodeMemory.Size(kept: 10, most: 20))
        let fresh = try phone.code()
        // Living codes, unconfirmed: twenty of them, and then no more.
        for hash in 1...20 {
            #expect(desk.refusal(fresh.text) == nil)
            desk.journalled(sale(UInt64(hash), fen: 1), sequence: UInt64(hash), wallMilliseconds: noon)
        }
        #expect(desk.refusal(fresh.text) == .memoryFull && desk.remembered == 20)
        // Confirmed, and still within their windows: they could be shown again.
        desk.confirmed(through: 20)
        #expect(desk.refusal(fresh.text) == .memoryFull)
        // Their windows of 5 minutes are over: the next one takes the place of all but ten.
        let later = noon + CodeRules().windowMilliseconds
        let next = try phone.code(at: later)
        #expect(desk.refusal(next.text, at: later - 1) == .memoryFull)
        #expect(desk.refusal(next.text, at: later) == nil)
        desk.journalled(sale(next.hash), sequence: 21, wallMilliseconds: later)
        #expect(desk.remembered == 10)
    }

    @Test("A month of sales leaves the last thousands remembered, and sums that are those of a plain count")
    func aMonth() throws {
        let phone = Phone()
        var desk = phone.desk()
        var unconfirmed: [(sequence: UInt64, account: UInt64, fen: Int64)] = []
        let sales = 60_000
        for index in 1...sales {
            let (sequence, account) = (UInt64(index), UInt64(index % 700))
            desk.journalled(
                sale(sequence << 32, account: account, fen: UInt32(index % 2_000)), sequence: sequence,
                wallMilliseconds: noon + Int64(index) * 40_000)
            unconfirmed.append((sequence, account, Int64(index % 2_000)))
            guard index % 500 == 0 else { continue }
            let through = sequence - UInt64(index % 300)
            desk.confirmed(through: through)
            unconfirmed.removeAll { $0.sequence <= through }
            #expect(desk.remembered <= 4_096 + 1)
            for account in [UInt64(0), 3, 699] {
                let sum = unconfirmed.filter { $0.account == account }.reduce(0) { $0 + $1.fen }
                #expect(desk.spentFen(by: account) == sum)
            }
        }
        #expect(desk.remembered == 4_096)
        print("code desk: \(sales) sales, \(desk.remembered) codes remembered")
    }

    @Test("With the clock set back, a code of the last days is still known")
    func clockSetBack() throws {
        let phone = Phone()
        var desk = phone.desk()
        let code = try phone.code()
        desk.journalled(sale(code.hash), sequence: 1, wallMilliseconds: noon)
        for index in 2...2_000 {
            desk.journalled(
                sale(UInt64(index)), sequence: UInt64(index), wallMilliseconds: noon + Int64(index) * 60_000)
        }
        desk.confirmed(through: 2_000)
        #expect(desk.refusal(code.text, at: noon) == .alreadyUsed)
    }
}
