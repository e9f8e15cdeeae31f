import Journal
import LedgerProtocol
import Platform
import Synchronization

/// The cards that this terminal itself made active, because ledger and roster may not know: without a network, the
/// holder who lays down a second card is otherwise granted a second time.
final class LocalActivations: Sendable {
    /// A card and the record that made it active.
    struct Known: Sendable, Hashable {
        let uid: [UInt8]
        let cardSerial: UInt32
        let sequence: UInt64
    }

    private let byAccount = Mutex<[UInt64: Known]>([:])

    /// Takes note of an outcome that became durable as record `sequence`.
    func note(_ outcome: ActivationOutcome, sequence: UInt64) {
        guard outcome.result == .activated else { return }
        let intent = outcome.intent
        let known = Known(uid: intent.uid, cardSerial: intent.cardSerial, sequence: sequence)
        byAccount.withLock { $0[intent.account] = known }
    }

    /// Reads what the journal kept from earlier runs.
    func replay(_ journal: any JournalFeed) throws(JournalError) {
        try journal.forEachRecord { record in
            guard record.slot.type.rawValue == ActivationRecordType.outcome,
                let outcome = ActivationOutcome(decoding: record.slot.payload)
            else { return }
            note(outcome, sequence: record.slot.sequence)
        }
    }

    /// The card that `account` was made active on here, if it is the account's card of that serial still.
    func card(of account: UInt64, serial: UInt32) -> Known? {
        byAccount.withLock { $0[account].flatMap { $0.cardSerial == serial ? $0 : nil } }
    }
}
