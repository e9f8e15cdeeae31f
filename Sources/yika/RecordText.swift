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
        return
            "\(slot.sequence)  \(time)  \(words("启动", "boot")) \(slot.boot)  \(Self.name(of: slot.type.rawValue))  \(details)"
    }

    private var isJournalsOwn: Bool { slot.type.rawValue >= RecordType.firstReserved }

    private var details: String {
        if let gap {
            let reason = Self.told(gap.reason)
            let span = JournalVerdict.span(gap.from, gap.to)
            return words("\(span) 丢失：\(reason)", "\(span) lost: \(reason)")
        }
        if let outcome {
            let purse = outcome.smallPurse.map { words("\($0) 元", "\($0) yuan") } ?? words("未读到", "unread")
            let (sequence, time) = (outcome.intentSequence, outcome.elapsedMilliseconds)
            return list(
                [
                    card(outcome.intent), "\(outcome.result)", words("小钱包 \(purse)", "small purse \(purse)"),
                    words("意向记录 \(sequence)", "intent \(sequence)"),
                    words("\(outcome.apdus) 条 APDU，\(time) ms", "\(outcome.apdus) APDUs in \(time) ms"),
                    permit(outcome.intent),
                ] + hints(outcome).map { words("疑点 \($0)", "hint \($0)") })
        }
        if let intent { return list([card(intent), permit(intent)]) }
        let count = slot.payload.count
        return reveal || isJournalsOwn ? slot.payload.hex() : words("\(count) 字节", "\(count) bytes")
    }

    private static func told(_ reason: GapRecord.Reason) -> String {
        switch reason {
        case .damaged: words("已损坏", "damaged")
        case .unwritten: words("未写入", "unwritten")
        case .missing: words("缺失", "missing")
        case .uncertain: words("不确定是否写成", "doubtful")
        }
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
        let (uid, account) = (uid(intent), account(intent))
        return list([
            words("卡片 \(uid)", "card \(uid)"), words("账号 \(account)", "account \(account)"),
            words("卡序号 \(intent.cardSerial)", "serial \(intent.cardSerial)"),
            words("布局 \(intent.layout)", "layout \(intent.layout)"),
            words("扇区 \(intent.sector)", "sector \(intent.sector)"),
            words("密钥版本 \(intent.keyVersion)", "key version \(intent.keyVersion)"),
        ])
    }

    private func permit(_ intent: ActivationIntent) -> String {
        let roster = intent.rosterVersion
        return words("许可 \(intent.permit)", "permit \(intent.permit)")
            + (roster > 0 ? words("、名单 \(roster)", ", roster \(roster)") : "")
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
