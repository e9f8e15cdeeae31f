import LedgerProtocol

/// Why a scanned text does not pay.
public enum CodeRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// Not a payment code of this campus: another app's, or goods.
    case notOurs = "not-ours"
    /// Cut off or misread: to be shown once more.
    case incomplete
    /// It looks like ours, and the ledger or the telephone did not sign it.
    case badSignature = "bad-signature"
    /// Its minute is over: a new one is on the telephone.
    case expired
    /// Its minute is yet to come: the telephone's clock is ahead, or ours behind.
    case fromTheFuture = "from-the-future"
    /// The account's certificate is over or has not begun: the telephone must fetch a new one.
    case certificateExpired = "certificate-expired"
    /// It has paid here before.
    case alreadyUsed = "already-used"
    /// With this sale the account's codes would spend more here than they may without the ledger's word.
    case overCap = "over-cap"
    /// So many codes must be remembered here, mostly for the ledger, that another one would be one too many.
    case memoryFull = "memory-full"

    init(_ error: PaymentCodeError) {
        self =
            switch error {
            case .notOurs: .notOurs
            case .incomplete, .malformed: .incomplete
            case .badCertificateSignature, .badDeviceSignature: .badSignature
            }
    }
}
