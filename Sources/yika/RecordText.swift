import FoundationEssentials
import Journal
import LedgerProtocol
import Mifare
import Platform

/// A record for people and for programs.
struct RecordText {
    private let slot: Slot
    private let mac: ChainMAC
    private let reveal: Bool

    /// - Parameter reveal: whether UIDs and account numbers, and payloads that hold them, are told in full.
    init(_ record: StoredRecord, reveal: Bool) {
        slot = record.slot
        mac = record.mac
        self.reveal = reveal
    }

    /// The type that a technician calls by this name or number.
    static func type(named name: String) -> RecordType? {
        if let known = names.first(where: { $0.value == name }) { return RecordType(rawValue: known.key) }
        let number = name.hasPrefix("0x") ? UInt8(name.dropFirst(2), radix: 16) : UInt8(name)
        return number.map { RecordType(rawValue: $0) }
    }

    /// What a technician calls records of this type.
    static func name(of type: UInt8) -> String { names[type] ?? "type 0x" + [type].hex() }

    private static let names: [UInt8: String] = [
        ActivationRecordType.intent: "intent", ActivationRecordType.outcome: "outcome", RecordType.gap.rawValue: "gap",
    ]

    /// The record in one line.
    var line: String {
        let time = iso8601(slot.wallMilliseconds) ?? "\(slot.wallMilliseconds)"
        return "\(slot.sequence)  \(time)  boot \(slot.boot)  \(Self.name(of: slot.type.rawValue))  \(words)"
    }

    private var isJournalsOwn: Bool { slot.type.rawValue >= RecordType.firstReserved }

    private var words: String {
        if let gap {
            let reason = AuditSummary.Gap(gap, sequence: slot.sequence).reason
            return "\(JournalVerdict.span(gap.from, gap.to)) lost: \(reason)"
        }
        if let outcome {
            let purse = outcome.smallPurse.map { "\($0) yuan" } ?? "unread"
            let hints = hints(outcome).map { ", hint \($0)" }.joined()
            return
                "\(card(outcome.intent)), \(outcome.result), small purse \(purse), intent \(outcome.intentSequence), "
                + "\(outcome.apdus) APDUs in \(outcome.elapsedMilliseconds) ms, \(permit(outcome.intent))\(hints)"
        }
        if let intent { return "\(card(intent)), \(permit(intent))" }
        return reveal || isJournalsOwn ? slot.payload.hex() : "\(slot.payload.count) bytes"
    }

    /// What spoke for a copied or tampered card.
    private func hints(_ outcome: ActivationOutcome) -> [String] { CloneHints(rawValue: outcome.hints).names }

    private var gap: GapRecord? { slot.type == .gap ? GapRecord(decoding: slot.payload) : nil }
    private var intent: ActivationIntent? {
        slot.type.rawValue == ActivationRecordType.intent ? ActivationIntent(decoding: slot.payload) : nil
    }
    private var outcome: ActivationOutcome? {
        slot.type.rawValue == ActivationRecordType.outcome ? ActivationOutcome(decoding: slot.payload) : nil
    }

    private func card(_ intent: ActivationIntent) -> String {
        "card \(uid(intent)), account \(account(intent)), serial \(intent.cardSerial), layout \(intent.layout), "
            + "sector \(intent.sector), key version \(intent.keyVersion)"
    }

    private func permit(_ intent: ActivationIntent) -> String {
        "permit \(intent.permit)" + (intent.rosterVersion > 0 ? ", roster \(intent.rosterVersion)" : "")
    }

    private func uid(_ intent: ActivationIntent) -> String {
        reveal ? intent.uid.hex() : "..\(intent.uid.suffix(2).hex())"
    }

    private func account(_ intent: ActivationIntent) -> String {
        reveal ? "\(intent.account)" : "..\("\(intent.account)".suffix(2))"
    }
}

extension RecordText: Encodable {
    private enum CodingKeys: String, CodingKey {
        case sequence, version, type, epoch, boot, wall, wallMilliseconds, sinceStartMilliseconds, keyStep, payload, mac
        case gap, activation
    }

    private enum ActivationKeys: String, CodingKey {
        case uid, account, cardSerial, layout, sector, keyVersion, permit, rosterVersion, intentSequence, result
        case smallPurseFen, hints, apdus, elapsedMilliseconds
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(slot.sequence, forKey: .sequence)
        try container.encode(slot.version, forKey: .version)
        try container.encode(slot.type.rawValue, forKey: .type)
        try container.encode(slot.epoch, forKey: .epoch)
        try container.encode(slot.boot, forKey: .boot)
        try container.encode(iso8601(slot.wallMilliseconds), forKey: .wall)
        try container.encode(slot.wallMilliseconds, forKey: .wallMilliseconds)
        try container.encode(slot.bootMilliseconds, forKey: .sinceStartMilliseconds)
        try container.encode(slot.keyStep, forKey: .keyStep)
        try container.encode(reveal || isJournalsOwn ? slot.payload.hex() : nil, forKey: .payload)
        try container.encode(mac.bytes.hex(), forKey: .mac)
        if let gap { try container.encode(AuditSummary.Gap(gap, sequence: slot.sequence), forKey: .gap) }
        if let intent = outcome?.intent ?? intent {
            var fields = container.nestedContainer(keyedBy: ActivationKeys.self, forKey: .activation)
            try encode(intent, into: &fields)
            if let outcome { try encode(outcome, into: &fields) }
        }
    }

    private func encode(
        _ intent: ActivationIntent, into fields: inout KeyedEncodingContainer<ActivationKeys>
    ) throws {
        try fields.encode(uid(intent), forKey: .uid)
        try fields.encode(account(intent), forKey: .account)
        try fields.encode(intent.cardSerial, forKey: .cardSerial)
        try fields.encode(intent.layout, forKey: .layout)
        try fields.encode(intent.sector, forKey: .sector)
        try fields.encode(intent.keyVersion, forKey: .keyVersion)
        try fields.encode("\(intent.permit)", forKey: .permit)
        try fields.encode(intent.rosterVersion, forKey: .rosterVersion)
    }

    private func encode(
        _ outcome: ActivationOutcome, into fields: inout KeyedEncodingContainer<ActivationKeys>
    ) throws {
        try fields.encode(outcome.intentSequence, forKey: .intentSequence)
        try fields.encode("\(outcome.result)", forKey: .result)
        try fields.encode(outcome.smallPurse?.rawValue, forKey: .smallPurseFen)
        try fields.encode(hints(outcome), forKey: .hints)
        try fields.encode(outcome.apdus, forKey: .apdus)
        try fields.encode(outcome.elapsedMilliseconds, forKey: .elapsedMilliseconds)
    }
}

/// The time in UTC; `nil` outside the years 1 to 9999, which a box's clock never shows in earnest.
func iso8601(_ milliseconds: Int64) -> String? {
    guard (-62_135_596_800_000..<253_402_300_800_000).contains(milliseconds) else { return nil }
    let fraction = (milliseconds % 1000 + 1000) % 1000
    let seconds = Date(timeIntervalSince1970: Double((milliseconds - fraction) / 1000))
    // Whole seconds are exact in a floating number; thousandths would not be.
    let text = seconds.formatted(.iso8601)
    let digits = "\(1000 + fraction)".dropFirst()
    return "\(text.dropLast()).\(digits)Z"
}
