import LedgerProtocol
import Platform
import Simulator

@testable import Ledger

/// What terminals have to record: people with two cards each who activate, eat, get money back, and some who do not
/// exist.
struct Trade {
    /// A record to be appended.
    struct Draft {
        let type: UInt8
        let payload: [UInt8]
    }

    /// A sale that a terminal remembers, to be taken back or not.
    struct Made {
        let sequence: UInt64
        let record: SaleRecord
    }

    static let people = 8
    static let strangers: [UInt64] = [9_999_999, 5, .max]

    static func account(_ person: Int) -> UInt64 { UInt64(SystemAccount.firstHolder) + UInt64(person) }

    static func uid(_ person: Int, card: Int) -> [UInt8] { [0x04, UInt8(card), UInt8(person), 0xA1] }

    /// Intent, and most of the time the outcome; `append` answers with the sequence, or nothing when the disk failed.
    static func happen(
        _ random: inout SplitMix64, made: inout [Made], append: (Draft) -> UInt64?
    ) {
        switch random.number(0...19) {
        case 0..<6: activate(&random, append)
        case 6..<15: sell(&random, &made, append)
        case 15: takeBack(&random, &made, append)
        case 16: tell(&random, &made, append)
        case 17: refund(&random, &made, append)
        case 18: _ = append(Draft(type: 0x77, payload: [1, 2, 3]))
        default:
            let type: UInt8 = random.pick([1, 2, 3, 4])
            _ = append(Draft(type: type, payload: [UInt8](repeating: 0xEE, count: random.number(0...76))))
        }
    }

    private static func someAccount(_ random: inout SplitMix64, of person: Int) -> UInt64 {
        random.oneIn(20) ? random.pick(strangers) : account(random.oneIn(15) ? (person + 1) % people : person)
    }

    private static func activate(_ random: inout SplitMix64, _ append: (Draft) -> UInt64?) {
        let person = random.number(0...people - 1)
        let intent = ActivationIntent(
            uid: uid(person, card: random.oneIn(5) ? 1 : 0), layout: 1, sector: 9, keyVersion: 1,
            account: someAccount(&random, of: person), cardSerial: random.oneIn(15) ? 2 : 1, permit: .roster,
            rosterVersion: 1)
        guard let sequence = append(Draft(type: ActivationRecordType.intent, payload: intent.encoded)),
            !random.oneIn(6)
        else { return }
        let purse: Int64? = random.pick([0, 35, 350, 1_200, 100_000, 100_001, -5, nil])
        let outcome = ActivationOutcome(
            intent: intent, intentSequence: random.oneIn(8) ? 0 : sequence,
            result: random.oneIn(12) ? .chipDefective : .activated, smallPurse: purse.map { Fen($0) }, apdus: 24,
            elapsedMilliseconds: 800)
        _ = append(Draft(type: ActivationRecordType.outcome, payload: outcome.encoded))
    }

    private static func sell(_ random: inout SplitMix64, _ made: inout [Made], _ append: (Draft) -> UInt64?) {
        let person = random.number(0...people - 1)
        let medium: SaleMedium = random.oneIn(6) ? random.pick([.code, .face]) : .card
        var sale = SaleRecord(
            uid: medium == .card ? uid(person, card: random.oneIn(8) ? 1 : 0) : [], medium: medium, result: .intended,
            account: someAccount(&random, of: person), cardSerial: 1, cardSequence: UInt32(random.number(1...12)),
            amount: UInt32(random.pick([0, 1, 450, 1_250, 1_800, 60_000])),
            codeHash: medium == .code ? UInt64(random.number(0...5)) : 0)
        guard let intent = append(Draft(type: SaleRecordType.intent, payload: sale.encoded)), !random.oneIn(10) else {
            return
        }
        sale.relatedSequence = intent
        sale.result = random.oneIn(4) ? random.pick([.undone, .inDoubt, .inDoubt]) : .done
        remember(sale, append, &made)
    }

    /// What the terminal has found out of a sale that was in doubt; as a rule it says so once.
    private static func tell(_ random: inout SplitMix64, _ made: inout [Made], _ append: (Draft) -> UInt64?) {
        guard var sale = made.suffix(12).filter({ $0.record.result == .inDoubt }).randomElement(using: &random)?.record
        else { return }
        sale.result = random.oneIn(8) ? .inDoubt : random.pick([.done, .undone])
        remember(sale, append, &made)
    }

    /// A sale taken back as it was made, most of the time; or one already taken back, a refund, or another's.
    private static func takeBack(_ random: inout SplitMix64, _ made: inout [Made], _ append: (Draft) -> UInt64?) {
        guard !made.isEmpty else { return }
        let earlier = random.pick(Array(made.suffix(6)))
        var sale = earlier.record
        sale.result = .voided
        sale.relatedSequence = earlier.sequence
        if random.oneIn(10) { sale.amount += 1 }
        if random.oneIn(12) { sale.account = account(random.number(0...people - 1)) }
        remember(sale, append, &made)
    }

    private static func refund(_ random: inout SplitMix64, _ made: inout [Made], _ append: (Draft) -> UInt64?) {
        let person = random.number(0...people - 1)
        let sale = SaleRecord(
            uid: uid(person, card: 0), medium: .card, result: .refunded, account: someAccount(&random, of: person),
            cardSerial: 1, cardSequence: 0, amount: UInt32(random.pick([0, 50, 700])))
        remember(sale, append, &made)
    }

    private static func remember(_ sale: SaleRecord, _ append: (Draft) -> UInt64?, _ made: inout [Made]) {
        guard let sequence = append(Draft(type: SaleRecordType.outcome, payload: sale.encoded)) else { return }
        made.append(Made(sequence: sequence, record: sale))
    }
}
