/// Why a sale is not made. Nobody pays, and nothing that counts has changed on the card.
public enum SaleRefusal: String, Sendable, Hashable, CaseIterable {
    /// Not a card of this campus, or one that was never activated.
    case notActivated = "not-activated"
}
