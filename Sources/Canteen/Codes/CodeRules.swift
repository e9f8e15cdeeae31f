import LedgerProtocol

/// When a payment code counts, and how much codes may pay without the ledger.
public struct CodeRules: Hashable, Sendable {
    /// How far the telephone's clock and ours may be apart, in milliseconds, 0...3,600,000.
    public let driftMilliseconds: Int64
    /// What the codes of one account may pay here without the ledger's word, in fen, where its certificate allows more.
    public let offlineCapFen: UInt32

    /// Rules with these values; a drift outside its range is brought into it.
    ///
    /// - Parameters:
    ///   - driftMilliseconds: by default a minute, twice what a telephone that was never set by hand is off by.
    ///   - offlineCapFen: by default ¥100.
    public init(driftMilliseconds: Int64 = 60_000, offlineCapFen: UInt32 = 10_000) {
        self.driftMilliseconds = min(max(driftMilliseconds, 0), Self.driftMost)
        self.offlineCapFen = offlineCapFen
    }

    /// The longest drift: a clock that is further off is wrong by a time zone, and that is another fault.
    private static let driftMost: Int64 = 3_600_000
    /// A minute on either side of the code's own, for slow thumbs and for whoever shows it as it changes.
    private static let graceMilliseconds: Int64 = PaymentCode.millisecondsAMinute

    /// The times at which the code of `minute` counts, in milliseconds since 1970-01-01 UTC by our clock.
    public func window(ofMinute minute: UInt32) -> Range<Int64> {
        let start = Int64(minute) * PaymentCode.millisecondsAMinute
        let slack = Self.graceMilliseconds + driftMilliseconds
        return start - slack..<start + PaymentCode.millisecondsAMinute + slack
    }

    /// From the first to the last moment of any code's window, in milliseconds.
    public var windowMilliseconds: Int64 {
        PaymentCode.millisecondsAMinute + 2 * (Self.graceMilliseconds + driftMilliseconds)
    }

    /// Whether `certificate` counts at `milliseconds`, give or take the drift.
    func allows(_ certificate: AccountCertificate, at milliseconds: Int64) -> Bool {
        Self.excess(of: certificate.notBeforeMilliseconds, over: milliseconds) <= driftMilliseconds
            && Self.excess(of: milliseconds, over: certificate.notAfterMilliseconds) <= driftMilliseconds
    }

    /// How much `one` is above `other`, 0 if it is not; any two numbers may come, as a certificate holds what it holds.
    private static func excess(of one: Int64, over other: Int64) -> Int64 {
        guard one > other else { return 0 }
        let (difference, isTooMuch) = one.subtractingReportingOverflow(other)
        return isTooMuch ? .max : difference
    }
}
