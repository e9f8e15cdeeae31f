public import LedgerProtocol

/// Whether a scanned payment code may pay here, with or without a network, and which have paid already.
///
/// A sale goes in steps, so that one that comes to nothing for another reason leaves the code as good as before:
/// ``check(_:wallMilliseconds:)``; then, where the ledger has not agreed, ``checkCap(_:amountFen:)``; then the sale's
/// intent is made durable, and ``journalled(_:sequence:wallMilliseconds:)`` marks the code as used. The same call with
/// the journal's records, in order, brings the desk back after a restart: what it knows is a function of the journal.
///
/// It belongs to one thread, the till's. Between a check and the record no other code may be checked.
public struct CodeDesk: Sendable {
    /// What a scanned text says, with the ledger's key behind it.
    public typealias Reading = @Sendable (String) throws(PaymentCodeError) -> PaymentCode

    /// A code that may pay.
    public struct Admission: Hashable, Sendable {
        /// The code.
        public let code: PaymentCode
        /// What its account's codes have spent here that the ledger has not confirmed yet, in fen.
        public let spentFen: Int64
        /// What this code may still pay without the ledger's word, in fen; never negative.
        public let offlineLeftFen: UInt32

        /// The account that pays.
        public var account: UInt64 { code.account }
        /// The code's name, for the sale's records.
        public var hash: UInt64 { code.hash }
    }

    private let rules: CodeRules
    private let read: Reading
    private var memory: CodeMemory

    /// A desk that remembers nothing yet.
    ///
    /// - Parameters:
    ///   - rules: when a code counts.
    ///   - memory: how many codes are remembered.
    ///   - read: `{ text throws(PaymentCodeError) in try PaymentCode(verifying: text, with: ledgerKey) }`.
    public init(rules: CodeRules, memory: CodeMemory.Size = CodeMemory.Size(), read: @escaping Reading) {
        self.rules = rules
        self.read = read
        self.memory = CodeMemory(size: memory)
    }

    /// Whether `text` is a payment code that may pay now. Nothing is changed by asking.
    ///
    /// - Parameter wallMilliseconds: now, in milliseconds since 1970-01-01 UTC.
    /// - Throws: why not; never ``CodeRefusal/overCap``, which depends on the amount.
    public func check(_ text: String, wallMilliseconds now: Int64) throws(CodeRefusal) -> Admission {
        let code: PaymentCode
        do throws(PaymentCodeError) { code = try read(text) } catch { throw CodeRefusal(error) }
        let window = rules.window(ofMinute: code.minute)
        // Said first: a holder who shows the code that has just paid is to hear that, not that it is old.
        guard !memory.holds(code.hash) else { throw .alreadyUsed }
        guard now < window.upperBound else { throw .expired }
        guard now >= window.lowerBound else { throw .fromTheFuture }
        guard rules.allows(code.certificate, at: now) else { throw .certificateExpired }
        guard memory.hasRoom(at: now) else { throw .memoryFull }
        let spent = memory.spentFen(by: code.account)
        let cap = Int64(min(code.offlineCapFen, rules.offlineCapFen))
        return Admission(code: code, spentFen: spent, offlineLeftFen: UInt32(clamping: cap - spent))
    }

    /// Whether the code may pay `amountFen` without the ledger's word: what the account's codes have spent here since the
    /// ledger last confirmed stays within the lower one of the certificate's cap and ours.
    ///
    /// - Throws: ``CodeRefusal/overCap`` if not.
    public func checkCap(_ admission: Admission, amountFen: UInt32) throws(CodeRefusal) {
        guard amountFen <= admission.offlineLeftFen else { throw .overCap }
    }

    /// Takes note of a record that lies in the journal: of one just made durable, or of one read at the start.
    ///
    /// An intent uses its code up and counts towards the cap, unless the ledger had agreed; an outcome by which nobody
    /// pays gives the amount back, and the code stays used. Records of cards and faces are passed over.
    ///
    /// - Parameters:
    ///   - record: the record.
    ///   - sequence: its place in the journal; ascending from call to call.
    ///   - wallMilliseconds: the wall clock that the journal has for it.
    public mutating func journalled(_ record: SaleRecord, sequence: UInt64, wallMilliseconds: Int64) {
        guard record.medium == .code, record.codeHash != 0 else { return }
        switch record.result {
        case .undone, .voided: memory.undo(record.codeHash)
        case .refunded: break
        case .intended, .done, .inDoubt:
            memory.use(
                record.codeHash, account: record.account, amountFen: record.isAuthorized ? 0 : record.amount,
                sequence: sequence, at: wallMilliseconds,
                endMilliseconds: wallMilliseconds.addingClamped(rules.windowMilliseconds))
        }
    }

    /// The ledger has every record up to and with `sequence`: what they spent does not count towards the caps any more.
    public mutating func confirmed(through sequence: UInt64) { memory.confirm(through: sequence) }

    /// What the codes of `account` have spent here that the ledger has not confirmed yet, in fen.
    public func spentFen(by account: UInt64) -> Int64 { memory.spentFen(by: account) }

    /// Codes that are remembered at present.
    public var remembered: Int { memory.count }
}

extension Int64 {
    /// The sum, or the end of the range that it would go beyond.
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? (other < 0 ? .min : .max) : sum
    }
}
