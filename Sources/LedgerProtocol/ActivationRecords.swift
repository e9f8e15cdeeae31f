public import Platform

/// How a terminal came to be allowed to activate a card.
public enum PermitSource: UInt8, Sendable, Hashable, Codable {
    /// The ledger said so when the card lay on the reader.
    case online = 1
    /// The signed roster on the terminal said so.
    case roster = 2
}

/// Numbers of the activation records' types in the journal.
public enum ActivationRecordType {
    /// ``ActivationIntent``.
    public static let intent: UInt8 = 0x01
    /// ``ActivationOutcome``.
    public static let outcome: UInt8 = 0x02
}

/// What is durable before the first byte of a card is changed: which card, to become what, and with which key version.
///
/// 44 bytes, little-endian: version u8, UID length u8, UID 10 zero-padded, layout u16, sector u8, key version u8,
/// account u64, card serial u32, permit source u8, 3 zero, roster version u64, 4 zero.
public struct ActivationIntent: Hashable, Sendable {
    /// The card's UID: 4, 7 or 10 bytes.
    public var uid: [UInt8]
    /// The number of the card layout to be written.
    public var layout: UInt16
    /// The sector claimed.
    public var sector: UInt8
    /// The version of the master key whose diversified keys the sector gets.
    public var keyVersion: UInt8
    /// The account that the card will stand for.
    public var account: UInt64
    /// Which card of that account this is.
    public var cardSerial: UInt32
    /// Where the permission came from.
    public var permit: PermitSource
    /// The roster consulted, 0 when none was.
    public var rosterVersion: UInt64

    /// An intent with these fields.
    public init(
        uid: [UInt8], layout: UInt16, sector: UInt8, keyVersion: UInt8, account: UInt64, cardSerial: UInt32,
        permit: PermitSource, rosterVersion: UInt64
    ) {
        self.uid = uid
        self.layout = layout
        self.sector = sector
        self.keyVersion = keyVersion
        self.account = account
        self.cardSerial = cardSerial
        self.permit = permit
        self.rosterVersion = rosterVersion
    }

    /// Bytes of the encoding.
    public static let size = 44

    /// The payload for the journal.
    public var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.storeCard(uid: uid, layout: layout, sector: sector, keyVersion: keyVersion)
        bytes.store(account, at: 16)
        bytes.store(cardSerial, at: 24)
        bytes[28] = permit.rawValue
        bytes.store(rosterVersion, at: 32)
        return bytes
    }

    /// Reads a payload back; `nil` when it is not an intent of a version known here.
    public init?(decoding bytes: [UInt8]) {
        guard bytes.count == Self.size, let uid = bytes.cardUID, let permit = PermitSource(rawValue: bytes[28]) else {
            return nil
        }
        self.init(
            uid: uid, layout: bytes.integer(at: 12), sector: bytes[14], keyVersion: bytes[15],
            account: bytes.integer(at: 16), cardSerial: bytes.integer(at: 24), permit: permit,
            rosterVersion: bytes.integer(at: 32))
    }
}

/// How an activation ended.
public enum ActivationResult: UInt8, Sendable, Hashable, Codable {
    /// The card was read back with its new keys: it is active.
    case activated = 1
    /// The chip refused every candidate sector: the holder was sent to the card centre.
    case chipDefective = 3
}

/// What is durable before the terminal says that a card is active.
///
/// 64 bytes, little-endian: the first 28 as in ``ActivationIntent``, then result u8, permit source u8, 2 zero,
/// sequence of the intent u64 (0: the card was found complete), small purse in fen i64, roster version u64,
/// APDUs sent u16, hints u16, time in milliseconds u32. An unread purse is the least i64.
public struct ActivationOutcome: Hashable, Sendable {
    /// The intent that this ends; its sector is the one finally used.
    public var intent: ActivationIntent
    /// The journal sequence of that intent in this epoch; 0 when this terminal found the card already complete.
    public var intentSequence: UInt64
    /// How it ended.
    public var result: ActivationResult
    /// What the small purse of the old application held, to be paid into the account once; `nil` when it could not
    /// be read.
    public var smallPurse: Fen?
    /// What spoke for a copied or tampered card, one bit each; no reason to refuse it. The room `Mifare` names the bits.
    public var hints: UInt16
    /// APDUs that were sent.
    public var apdus: UInt16
    /// Time from card-present to here, in milliseconds.
    public var elapsedMilliseconds: UInt32

    /// An outcome with these fields.
    public init(
        intent: ActivationIntent, intentSequence: UInt64, result: ActivationResult, smallPurse: Fen?,
        hints: UInt16 = 0, apdus: UInt16, elapsedMilliseconds: UInt32
    ) {
        self.intent = intent
        self.intentSequence = intentSequence
        self.result = result
        self.smallPurse = smallPurse
        self.hints = hints
        self.apdus = apdus
        self.elapsedMilliseconds = elapsedMilliseconds
    }

    /// Bytes of the encoding.
    public static let size = 64

    /// Stands in the purse's place when it could not be read: a value that no purse can hold.
    private static let purseUnread = Int64.min

    /// The payload for the journal.
    public var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.storeCard(uid: intent.uid, layout: intent.layout, sector: intent.sector, keyVersion: intent.keyVersion)
        bytes.store(intent.account, at: 16)
        bytes.store(intent.cardSerial, at: 24)
        bytes[28] = result.rawValue
        bytes[29] = intent.permit.rawValue
        bytes.store(intentSequence, at: 32)
        bytes.store(smallPurse?.rawValue ?? Self.purseUnread, at: 40)
        bytes.store(intent.rosterVersion, at: 48)
        bytes.store(apdus, at: 56)
        bytes.store(hints, at: 58)
        bytes.store(elapsedMilliseconds, at: 60)
        return bytes
    }

    /// Reads a payload back; `nil` when it is not an outcome of a version known here.
    public init?(decoding bytes: [UInt8]) {
        guard bytes.count == Self.size, let uid = bytes.cardUID,
            let result = ActivationResult(rawValue: bytes[28]), let permit = PermitSource(rawValue: bytes[29])
        else { return nil }
        let purse: Int64 = bytes.integer(at: 40)
        self.init(
            intent: ActivationIntent(
                uid: uid, layout: bytes.integer(at: 12), sector: bytes[14], keyVersion: bytes[15],
                account: bytes.integer(at: 16), cardSerial: bytes.integer(at: 24), permit: permit,
                rosterVersion: bytes.integer(at: 48)),
            intentSequence: bytes.integer(at: 32), result: result,
            smallPurse: purse == Self.purseUnread ? nil : Fen(purse),
            hints: bytes.integer(at: 58), apdus: bytes.integer(at: 56), elapsedMilliseconds: bytes.integer(at: 60))
    }
}

private let payloadVersion: UInt8 = 1
private let uidCapacity = 10

extension [UInt8] {
    fileprivate mutating func storeCard(uid: [UInt8], layout: UInt16, sector: UInt8, keyVersion: UInt8) {
        precondition(uid.count <= uidCapacity, "a UID has at most 10 bytes")
        self[0] = payloadVersion
        self[1] = UInt8(uid.count)
        replaceSubrange(2..<2 + uid.count, with: uid)
        store(layout, at: 12)
        self[14] = sector
        self[15] = keyVersion
    }

    fileprivate var cardUID: [UInt8]? {
        guard self[0] == payloadVersion, (4...uidCapacity).contains(Int(self[1])) else { return nil }
        return Array(self[2..<2 + Int(self[1])])
    }
}
