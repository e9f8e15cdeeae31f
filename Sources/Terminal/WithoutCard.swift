import Canteen
import Recogniser
import Scanner

extension SaleRefusal {
    /// Why a payment code is not taken.
    init(_ refusal: CodeRefusal) {
        switch refusal {
        case .notOurs, .badSignature: self = .codeNotOurs
        case .incomplete: self = .codeIncomplete
        case .expired, .fromTheFuture, .certificateExpired: self = .codeExpired
        case .alreadyUsed: self = .codeUsed
        case .overCap, .memoryFull: self = .codeOverCap
        }
    }
}

extension ScanOutcome {
    /// The text to be looked at; `nil`: nothing that could be a code.
    ///
    /// A scanner without a suffix ends no code, so what looks incomplete may be whole: the signatures tell.
    var text: String? {
        switch self {
        case .code(let scan), .incomplete(let scan): scan.text
        case .garbled, .tooLong, .flood: nil
        }
    }
}
