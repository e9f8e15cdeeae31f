import Canteen
import Platform

/// The way to the till's ``SaleDesk`` of one reader, or of one sale without a card: it remembers in which language to speak
/// to the holder. Used on one thread: the desk is everybody's, and at the next reader somebody else is paying.
final class SaleInquiry: SaleAuthority {
    private let desk: SaleDesk
    /// The language of the holder whom the ledger was asked about last; `nil`: it said none, or did not answer.
    private(set) var language: String?

    init(_ desk: SaleDesk) { self.desk = desk }

    /// Somebody else is served now.
    func forget() { language = nil }

    func terms() -> SaleTerms { desk.terms() }

    func ask(_ question: SaleQuestion, deadline: Instant) -> SaleAdvice? {
        language = nil
        return desk.ask(question, deadline: deadline) { language = $0 }
    }
}
