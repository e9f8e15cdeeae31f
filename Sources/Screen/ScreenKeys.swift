extension ScreenState {
    /// The keys that make sense now. The page offers no other; the terminal may get any, as a state may change under a
    /// finger.
    public var keys: [ScreenKey] { ScreenKey.allCases.filter(makesSense) }

    private func makesSense(_ key: ScreenKey) -> Bool {
        // A kiosk has no cashier, and while a card is worked on nothing may change under it.
        guard role == .canteen else { return false }
        switch phase {
        case .idle, .done, .refused:
            // The next sale begins without anybody having to put the last one away.
            return ![.plus, .back, .dish].contains(key) && (key != .clear || phase != .idle)
        case .amount: return ![.void, .shift, .training].contains(key)
        case .present, .again: return key == .clear
        case .working: return false
        case .pin: return key.isDigit || [.back, .clear, .enter].contains(key)
        case .closed: return key.isDigit || [.back, .clear, .enter, .shift, .training].contains(key)
        // What was sold can still be added up.
        case .outOfService: return key == .shift
        }
    }
}

extension ScreenKey {
    /// Whether it is one of the ten digits.
    public var isDigit: Bool { rawValue.utf8.count == 1 && ("0"..."9").contains(rawValue) }
}
