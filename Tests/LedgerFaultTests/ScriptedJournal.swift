import Crypto
import Journal
import LedgerProtocol
import Platform
import Simulator

@testable import Ledger

/// A terminal's journal made up from a seed: cards and accounts that other terminals have too, and sales that take from the
/// same accounts.
///
/// In the end each account has what its card's small purse and its sales say, in whatever order the ledger took them.
struct ScriptedJournal {
    static let people = 8

    let terminal: UInt16
    let epoch: UInt32
    let slots: [[UInt8]]
    /// What each account has to pay.
    private(set) var charges: [Int64: Int64] = [:]

    static func account(_ person: Int) -> Int64 { SystemAccount.firstHolder + Int64(person) }

    static func uid(_ person: Int, _ card: Int) -> [UInt8] { [0x04, UInt8(card), UInt8(person), 0xA1] }

    /// What the small purse of a card holds, in fen: each card another amount.
    static func purse(_ uid: [UInt8]) -> Int64 { 100 + Int64(uid[2]) * 10 + Int64(uid[1]) }

    static func key(_ terminal: UInt16) -> [UInt8] {
        Array(SHA256.hash(data: Array("journal key of \(terminal)".utf8)))
    }

    init(terminal: UInt16, epoch: UInt32 = 1, records count: Int, seed: UInt64) {
        self.terminal = terminal
        self.epoch = epoch
        var random = SplitMix64(seed: seed)
        var keys = ChainKeys(root: ChainKey(bytes: Self.key(terminal)), epoch: epoch)
        var head = ChainMAC.start
        var slots: [[UInt8]] = []
        func append(_ type: UInt8, _ payload: [UInt8]) {
            let sequence = UInt64(slots.count) + 1
            let slot = Slot(
                type: RecordType(rawValue: type), epoch: epoch, sequence: sequence,
                wallMilliseconds: 1_790_000_000_000 + Int64(sequence), bootMilliseconds: sequence, boot: 1,
                payload: payload)
            let bytes = slot.encoded(after: head, keys: &keys)
            head = Slot.mac(of: bytes)
            slots.append(bytes)
        }
        while slots.count < count {
            let person = Int.random(in: 0..<Self.people, using: &random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                let uid = Self.uid(person, Int.random(in: 0...1, using: &random))
                let intent = ActivationIntent(
                    uid: uid, layout: 1, sector: 9, keyVersion: 1, account: UInt64(Self.account(person)),
                    cardSerial: 1, permit: .roster, rosterVersion: 1)
                append(ActivationRecordType.intent, intent.encoded)
                let outcome = ActivationOutcome(
                    intent: intent, intentSequence: UInt64(slots.count), result: .activated,
                    smallPurse: Fen(Self.purse(uid)), apdus: 24, elapsedMilliseconds: 800)
                append(ActivationRecordType.outcome, outcome.encoded)
            } else {
                var sale = SaleRecord(
                    uid: [], medium: .code, result: .intended, account: UInt64(Self.account(person)), cardSerial: 1,
                    cardSequence: 0, amount: UInt32.random(in: 1...400, using: &random))
                append(SaleRecordType.intent, sale.encoded)
                sale.relatedSequence = UInt64(slots.count)
                sale.result = .done
                append(SaleRecordType.outcome, sale.encoded)
                charges[Self.account(person), default: 0] += Int64(sale.amount)
            }
        }
        self.slots = slots
    }
}
