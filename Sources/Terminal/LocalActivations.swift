import Journal
import LedgerProtocol
import Platform
import Synchronization

/// The cards that this terminal itself made active, as long as ledger or roster may not know: without a network, the
/// holder who lays down a second card is otherwise granted a second time.
final class LocalActivations: Sendable {
    private struct Known {
        let uid: [UInt8]
        let sequence: UInt64
        let wallMilliseconds: Int64
    }

    private let byAccount = Mutex<[UInt64: Known]>([:])

    /// Takes note of an outcome that became durable as record `sequence` at the wall time given.
    func note(_ outcome: ActivationOutcome, sequence: UInt64, wallMilliseconds: Int64) {
        guard outcome.result == .activated else { return }
        let known = Known(uid: outcome.intent.uid, sequence: sequence, wallMilliseconds: wallMilliseconds)
        byAccount.withLock { $0[outcome.intent.account] = known }
    }

    /// Reads what the journal kept from earlier runs.
    func replay(_ journal: Journal) throws(JournalError) {
        try journal.forEachRecord { record in
            guard record.slot.type.rawValue == ActivationRecordType.outcome,
                let outcome = ActivationOutcome(decoding: record.slot.payload)
            else { return }
            note(outcome, sequence: record.slot.sequence, wallMilliseconds: record.slot.wallMilliseconds)
        }
    }

    /// The UID of the card that `account` was made active on by a record that the ledger has not acknowledged; `nil` when
    /// there is none. What it has acknowledged it knows better than we.
    func card(of account: UInt64, unacknowledgedAfter sequence: UInt64) -> [UInt8]? {
        byAccount.withLock { $0[account].flatMap { $0.sequence > sequence ? $0.uid : nil } }
    }

    /// The UID of the card that `account` was made active on after a roster was issued, by this box's clock. A clock that
    /// is wrong lets a second card through, which the ledger then holds in suspense.
    func card(of account: UInt64, sinceWallMilliseconds issued: Int64) -> [UInt8]? {
        byAccount.withLock { $0[account].flatMap { $0.wallMilliseconds > issued ? $0.uid : nil } }
    }
}
