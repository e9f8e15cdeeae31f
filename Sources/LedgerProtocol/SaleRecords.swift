import Platform

/// Numbers of the sale records' types in the journal.
public enum SaleRecordType {
    /// A ``SaleRecord`` that says what is about to be done to the card.
    public static let intent: UInt8 = 0x03
    /// A ``SaleRecord`` that says what was done.
    public static let outcome: UInt8 = 0x04
}

/// What the holder paid with.
public enum SaleMedium: UInt8, Sendable, Hashable, Codable {
    /// The card on the reader.
    case card = 1
    /// A payment code that was scanned.
    case code = 2
    /// A face that an external recogniser matched.
    case face = 3
}

/// How a sale ended.
public enum SaleResult: UInt8, Sendable, Hashable, Codable {
    /// It has not ended: this is the intent.
    case intended = 0
    /// The holder got the goods and pays; the only result that is a use of the card.
    case done = 1
    /// The card was found unchanged: nobody pays. The terminal's own word, also after ``inDoubt`` for the same intent.
    case undone = 2
    /// The card left in the middle. The same terminal's later ``done`` or ``undone`` for the same intent settles it, or
    /// else the card's next use anywhere: at the same sequence it did not happen, at a higher one it did.
    case inDoubt = 3
    /// An earlier sale of this terminal's journal, named by its sequence, is taken back whole.
    case voided = 4
    /// Money is given back that is not the whole of one sale.
    case refunded = 5
}

/// A sale, or its end, as the journal keeps it: what a holder pays, with what, and by which rules.
///
/// 76 bytes, little-endian: version u8, UID length u8 (0: no card), UID 10 zero-padded, medium u8, result u8, flags u16
/// (bit 0: the ledger had agreed), account u64, card serial u32, card sequence u32, amount in fen u32, allowance left in
/// fen u32, related sequence u64, hotlist version u32, settings version u32, part paid by subsidy in fen u32, meal u16,
/// operator u16, payment code's hash 8, APDUs u16, time in milliseconds u16.
public struct SaleRecord: Hashable, Sendable {
    /// The card's UID: 4, 7 or 10 bytes; empty when no card was used.
    public var uid: [UInt8]
    /// What the holder paid with.
    public var medium: SaleMedium
    /// How it ended.
    public var result: SaleResult
    /// Whether the ledger had agreed before.
    public var isAuthorized: Bool
    /// The account that pays.
    public var account: UInt64
    /// Which card of that account it is.
    public var cardSerial: UInt32
    /// The card's sequence after this use: the witness of what happened. With ``SaleResult/voided`` and
    /// ``SaleResult/refunded``, which use no card, the sequence at which it was seen.
    public var cardSequence: UInt32
    /// What is paid, in fen; never negative.
    public var amount: UInt32
    /// What the card may still spend offline, in fen, after this use.
    public var allowanceLeft: UInt32
    /// In an outcome the sequence of its intent, also in a second outcome after ``SaleResult/inDoubt``; with ``SaleResult/voided`` that of the outcome taken back.
    public var relatedSequence: UInt64
    /// The hotlist that was looked at.
    public var hotlistVersion: UInt32
    /// The settings that limits and prices came from.
    public var settingsVersion: UInt32
    /// How much of the amount a subsidy covers, in fen, as far as the terminal knew; what it pays the ledger decides.
    public var subsidy: UInt32
    /// Which meal it counts for; 0: none.
    public var meal: UInt16
    /// Who was at the till; 0: nobody signed in.
    public var operatorNumber: UInt16
    /// The first 8 bytes of the payment code's SHA-256; zero without one.
    public var codeHash: UInt64
    /// APDUs that were sent.
    public var apdus: UInt16
    /// Time from card-present to here, in milliseconds, at most 65,535.
    public var elapsedMilliseconds: UInt16

    /// A record with these fields.
    public init(
        uid: [UInt8], medium: SaleMedium, result: SaleResult, isAuthorized: Bool = false, account: UInt64,
        cardSerial: UInt32, cardSequence: UInt32, amount: UInt32, allowanceLeft: UInt32 = 0,
        relatedSequence: UInt64 = 0, hotlistVersion: UInt32 = 0, settingsVersion: UInt32 = 0, subsidy: UInt32 = 0,
        meal: UInt16 = 0, operatorNumber: UInt16 = 0, codeHash: UInt64 = 0, apdus: UInt16 = 0,
        elapsedMilliseconds: UInt16 = 0
    ) {
        self.uid = uid
        self.medium = medium
        self.result = result
        self.isAuthorized = isAuthorized
        self.account = account
        self.cardSerial = cardSerial
        self.cardSequence = cardSequence
        self.amount = amount
        self.allowanceLeft = allowanceLeft
        self.relatedSequence = relatedSequence
        self.hotlistVersion = hotlistVersion
        self.settingsVersion = settingsVersion
        self.subsidy = subsidy
        self.meal = meal
        self.operatorNumber = operatorNumber
        self.codeHash = codeHash
        self.apdus = apdus
        self.elapsedMilliseconds = elapsedMilliseconds
    }

    /// Bytes of the encoding.
    public static let size = 76

    private static let payloadVersion: UInt8 = 1
    private static let uidCapacity = 10
    private static let authorizedFlag: UInt16 = 1

    /// The payload for the journal.
    public var encoded: [UInt8] {
        precondition(uid.count <= Self.uidCapacity, "a UID has at most 10 bytes")
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes[0] = Self.payloadVersion
        bytes[1] = UInt8(uid.count)
        bytes.replaceSubrange(2..<2 + uid.count, with: uid)
        bytes[12] = medium.rawValue
        bytes[13] = result.rawValue
        bytes.store(isAuthorized ? Self.authorizedFlag : 0, at: 14)
        bytes.store(account, at: 16)
        bytes.store(cardSerial, at: 24)
        bytes.store(cardSequence, at: 28)
        bytes.store(amount, at: 32)
        bytes.store(allowanceLeft, at: 36)
        bytes.store(relatedSequence, at: 40)
        bytes.store(hotlistVersion, at: 48)
        bytes.store(settingsVersion, at: 52)
        bytes.store(subsidy, at: 56)
        bytes.store(meal, at: 60)
        bytes.store(operatorNumber, at: 62)
        bytes.store(codeHash, at: 64)
        bytes.store(apdus, at: 72)
        bytes.store(elapsedMilliseconds, at: 74)
        return bytes
    }

    /// Reads a payload back; `nil` when it is not a sale of a version known here.
    public init?(decoding bytes: [UInt8]) {
        guard bytes.count == Self.size, bytes[0] == Self.payloadVersion,
            bytes[1] == 0 || (4...Self.uidCapacity).contains(Int(bytes[1])),
            let medium = SaleMedium(rawValue: bytes[12]), let result = SaleResult(rawValue: bytes[13])
        else { return nil }
        self.init(
            uid: Array(bytes[2..<2 + Int(bytes[1])]), medium: medium, result: result,
            isAuthorized: bytes.integer(at: 14, as: UInt16.self) & Self.authorizedFlag != 0,
            account: bytes.integer(at: 16), cardSerial: bytes.integer(at: 24), cardSequence: bytes.integer(at: 28),
            amount: bytes.integer(at: 32), allowanceLeft: bytes.integer(at: 36), relatedSequence: bytes.integer(at: 40),
            hotlistVersion: bytes.integer(at: 48), settingsVersion: bytes.integer(at: 52),
            subsidy: bytes.integer(at: 56), meal: bytes.integer(at: 60), operatorNumber: bytes.integer(at: 62),
            codeHash: bytes.integer(at: 64), apdus: bytes.integer(at: 72), elapsedMilliseconds: bytes.integer(at: 74))
    }
}
