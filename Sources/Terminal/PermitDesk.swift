import Activation
import Health
import LedgerProtocol
import Mifare
import Platform
import Sync

/// Decides who may activate: asks the ledger first, and goes by the signed roster and hotlist when it does not answer in
/// time.
final class PermitDesk: PermitAuthority {
    private let terminal: UInt16
    private let client: any LedgerClient
    private let rosterKey: RosterKey
    private let feeds: FeedStores
    private let maximumAgeMilliseconds: Int64
    private let local: LocalActivations
    private let acknowledged: @Sendable () -> UInt64
    private let health: HealthRegistry
    private let shared: SharedConditions
    private let time: any TimeSource
    /// The language of the holder whom the ledger was asked about last; `nil`: it said none, or did not answer.
    private(set) var language: String?

    /// A desk for one reader.
    init(
        configuration: Configuration, client: any LedgerClient, feeds: FeedStores, local: LocalActivations,
        acknowledged: @escaping @Sendable () -> UInt64, health: HealthRegistry, shared: SharedConditions,
        time: any TimeSource
    ) {
        terminal = configuration.number
        rosterKey = RosterKey(bytes: configuration.credentials.rosterKey)
        maximumAgeMilliseconds = configuration.rosterMaximumAgeHours * 3_600_000
        self.client = client
        self.feeds = feeds
        self.local = local
        self.acknowledged = acknowledged
        self.health = health
        self.shared = shared
        self.time = time
    }

    /// The next card is somebody else's.
    func forget() { language = nil }

    func decide(uid: CardUID, holderNumber: String, deadline: Instant) -> PermitDecision {
        let holder = HolderHash(holderNumber: holderNumber, key: rosterKey)
        let request = PermitRequest(terminal: terminal, uid: uid.bytes.hex(), holder: holder.bytes.hex())
        language = nil
        do throws(LedgerClientError) {
            let answer = try client.permit(request, deadline: deadline)
            language = answer.language
            if let decision = decide(uid, answer) {
                shared.reached(from: .permits)
                return decision
            }
            shared.reach(.ledgerRefuses, "a permission without an account", from: .permits)
        } catch {
            shared.raise(error, from: .permits)
        }
        // Going by the lists is never silent: the upload may be well, or have nothing to send, while permissions fail.
        return decideByRoster(uid, holder)
    }

    /// What the ledger's answer means; `nil` when it contradicts itself.
    private func decide(_ uid: CardUID, _ answer: PermitAnswer) -> PermitDecision? {
        switch answer.decision {
        case .noAccount: return .refused(.noAccount)
        case .activeElsewhere: return .refused(.activeElsewhere)
        case .reportedLost: return .refused(.reportedLost)
        case .activationClosed: return .refused(.activationClosed)
        case .granted, .alreadyActive:
            guard let account = answer.account, let serial = answer.cardSerial else { return nil }
            let grant = Grant(account: account, cardSerial: serial, source: .online, rosterVersion: 0)
            if answer.decision == .alreadyActive { return .alreadyActive(grant) }
            // What it has acknowledged it knows better than we.
            if let card = local.card(of: account, serial: serial), card.sequence > acknowledged() {
                return card.uid == uid.bytes ? .alreadyActive(grant) : .refused(.activeElsewhere)
            }
            return .granted(grant, balance: answer.balance.map { Fen($0) })
        }
    }

    private func decideByRoster(_ uid: CardUID, _ holder: HolderHash) -> PermitDecision {
        guard let roster = feeds.roster.current else { return tooOld("there is none") }
        // A clock before the roster's issue is wrong, and says nothing about its age.
        let age = time.wallMilliseconds() - roster.issuedMilliseconds
        guard age <= maximumAgeMilliseconds else { return tooOld("issued \(age / 3_600_000) hours ago") }
        health.clear(.rosterTooOld)
        // The roster knows accounts; of an account's several cards one may be lost.
        if isListed(CardTag(uid: uid.bytes, key: rosterKey)) { return .refused(.reportedLost) }
        guard let entry = roster.entry(of: holder) else { return .refused(.noAccount) }
        let grant = Grant(
            account: entry.account, cardSerial: entry.cardSerial, source: .roster, rosterVersion: roster.version)
        switch entry.status {
        case .reportedLost: return .refused(.reportedLost)
        case .active:
            return entry.card == CardTag(uid: uid.bytes, key: rosterKey)
                ? .alreadyActive(grant) : .refused(.activeElsewhere)
        case .mayActivate:
            return decide(uid, grant)
        }
    }

    /// Whether an account that the roster calls free may still be activated here.
    ///
    /// A roster issued after one of our records may have been issued before the ledger got it, so that no clock tells
    /// whether it knows of it: what was done here counts.
    private func decide(_ uid: CardUID, _ grant: Grant) -> PermitDecision {
        guard let card = local.card(of: grant.account, serial: grant.cardSerial) else {
            return .granted(grant, balance: nil)
        }
        guard card.uid == uid.bytes else { return .refused(.activeElsewhere) }
        // The ledger may have put our record in suspense, for a card reported lost meanwhile: then another one helps.
        return card.sequence > acknowledged() ? .alreadyActive(grant) : .granted(grant, balance: nil)
    }

    /// Whether the card is on the hotlist, even on one too old to be whole: what it lists was lost.
    private func isListed(_ tag: CardTag) -> Bool {
        if let age = feeds.hotlist.ageMilliseconds(wallMilliseconds: time.wallMilliseconds()) {
            if age > maximumAgeMilliseconds {
                health.raise(.hotlistTooOld, "issued \(age / 3_600_000) hours ago")
            } else {
                health.clear(.hotlistTooOld)
            }
        }
        return feeds.hotlist.read { $0?.contains(tag) ?? false }
    }

    private func tooOld(_ why: String) -> PermitDecision {
        health.raise(.rosterTooOld, why)
        return .refused(.rosterTooOld)
    }
}
