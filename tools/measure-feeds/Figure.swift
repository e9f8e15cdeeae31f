import FoundationEssentials

/// One line of the result: what was measured, beside its peer from the same run, and its budget, which it may not exceed.
struct Figure: Encodable {
    let name: String
    /// `nil` when it could not be measured.
    let value: Double?
    let unit: String
    /// What the same costs with a plain set, in the same unit.
    let peer: Double?
    /// In the same unit too, also where there is a peer.
    let budget: Double?

    private enum CodingKeys: String, CodingKey { case name, value, unit, floor, ratio, budget, ok }

    init(_ name: String, _ value: Double?, _ unit: String, peer: Double? = nil, budget: Double? = nil) {
        self.name = name
        self.value = value
        self.unit = unit
        self.peer = peer
        self.budget = budget
    }

    /// The value as a multiple of the peer's.
    var ratio: Double? {
        guard let value, let peer, peer > 0 else { return nil }
        return value / peer
    }

    /// Whether the budget is kept; what could not be measured keeps none.
    var ok: Bool {
        guard let value else { return false }
        return budget.map { value <= $0 } ?? true
    }

    /// The figure as one line of JSON.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
        return line ?? "{\"name\":\"\(name)\",\"ok\":false}"
    }

    /// The figure as a line of the table.
    var line: String {
        var text = (ok ? "ok   " : "OVER ") + padded(name, 48) + leading(value.map(short) ?? "-", 9) + " "
        text += padded(unit, 6)
        if let peer { text += " peer " + leading(short(peer), 8) + ", ratio " + padded(ratio.map(short) ?? "-", 6) }
        if let budget { text += "  budget ≤ \(short(budget))" }
        return text
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(value.map(rounded), forKey: .value)
        try fields.encode(unit, forKey: .unit)
        try fields.encode(peer.map(rounded), forKey: .floor)
        try fields.encode(ratio.map(rounded), forKey: .ratio)
        try fields.encode(budget.map(rounded), forKey: .budget)
        try fields.encode(ok, forKey: .ok)
    }
}

private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

private func short(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(rounded(value))
}

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

private func leading(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}
