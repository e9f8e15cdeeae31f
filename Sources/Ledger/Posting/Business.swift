import Journal
import LedgerProtocol

/// What a record is about, read once.
enum Business {
    case activationIntent(ActivationIntent)
    case activationOutcome(ActivationOutcome)
    case saleIntent(SaleRecord)
    case saleOutcome(SaleRecord)
    /// Who was at a till, and what was sold meanwhile: for people, since the sales are records of their own.
    case shift
    case gap(GapRecord)
    /// Its type is known, its payload is not of the form that the type prescribes.
    case undecodable(String)
    case unknown(UInt8)

    init(_ slot: Slot) {
        let decoded: Business? =
            switch slot.type.rawValue {
            case ActivationRecordType.intent:
                ActivationIntent(decoding: slot.payload).map { .activationIntent($0) }
            case ActivationRecordType.outcome:
                ActivationOutcome(decoding: slot.payload).map { .activationOutcome($0) }
            case SaleRecordType.intent: SaleRecord(decoding: slot.payload).map { .saleIntent($0) }
            case SaleRecordType.outcome: SaleRecord(decoding: slot.payload).map { .saleOutcome($0) }
            case ShiftRecord.type: ShiftRecord(decoding: slot.payload).map { _ in .shift }
            case RecordType.gap.rawValue: GapRecord(decoding: slot.payload).map { .gap($0) }
            default: .unknown(slot.type.rawValue)
            }
        self = decoded ?? .undecodable("type \(slot.type.rawValue) with \(slot.payload.count) bytes")
    }

    /// The account that it names, if the books can have one of that number.
    var account: Int64? {
        switch self {
        case .activationIntent(let intent): Int64(exactly: intent.account)
        case .activationOutcome(let outcome): Int64(exactly: outcome.intent.account)
        case .saleIntent(let sale), .saleOutcome(let sale): Int64(exactly: sale.account)
        case .shift, .gap, .undecodable, .unknown: nil
        }
    }

    /// The card that it names.
    var uid: [UInt8]? {
        switch self {
        case .activationIntent(let intent): intent.uid
        case .activationOutcome(let outcome): outcome.intent.uid
        case .saleIntent(let sale), .saleOutcome(let sale): sale.uid.isEmpty ? nil : sale.uid
        case .shift, .gap, .undecodable, .unknown: nil
        }
    }
}
