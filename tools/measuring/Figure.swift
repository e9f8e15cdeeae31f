import FoundationEssentials
import Glibc

/// One line of the result: what was measured, beside its floor or its peer from the same run, and its budget.
///
/// A budget is in the figure's own unit; one that is a multiple of the floor is written out for this run's floor.
package struct Figure: Encodable {
    /// On which side of its budget a figure has to stay.
    package enum Side { case atMost, atLeast }

    let name: String
    let value: Double?
    let unit: String
    let floor: Double?
    let ratio: Double?
    let budget: Double?
    package let ok: Bool
    private let side: Side
    private let times: Double?

    private enum CodingKeys: String, CodingKey { case name, value, unit, floor, ratio, budget, ok }

    /// - Parameter times: the budget as a multiple of `floor`.
    package init(
        _ name: String, _ value: Double?, _ unit: String, floor: Double? = nil, _ side: Side = .atMost,
        budget: Double? = nil, times: Double? = nil
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.floor = floor
        self.side = side
        self.times = times
        ratio = if let value, let floor, floor > 0 { value / floor } else { nil }
        self.budget = budget ?? (floor.flatMap { floor in times.map { $0 * floor } })
        ok =
            if let value, let budget = self.budget {
                side == .atMost ? value <= budget : value >= budget
            } else {
                // A budget that could not be compared is not kept.
                self.budget == nil && times == nil
            }
    }

    /// The figure of the round whose ratio is the median, so that one hiccup of the disk does not decide.
    package init(
        _ name: String, rounds: [(value: Double, floor: Double)], _ unit: String, _ side: Side = .atMost,
        times: Double? = nil
    ) {
        let middle = rounds.sorted { $0.value / $0.floor < $1.value / $1.floor }[rounds.count / 2]
        self.init(name, middle.value, unit, floor: middle.floor, side, times: times)
    }

    /// The figure as one line of JSON.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
        return line ?? "{\"name\":\"\(name)\",\"ok\":false}"
    }

    /// The figure as a line of the table.
    package var line: String {
        var text = (ok ? "ok   " : "OVER ") + padded(name, 50) + leading(value.map(short) ?? "-", 12) + " "
        text += padded(unit, 9)
        if let floor { text += " floor " + leading(short(floor), 9) + ", ratio " + leading(short(ratio ?? 0), 6) }
        if let budget {
            text += "  budget \(side == .atMost ? "≤" : "≥") \(short(budget))"
            if let times { text += " (\(short(times)) ×)" }
        }
        return text
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(value.map(rounded), forKey: .value)
        try fields.encode(unit, forKey: .unit)
        try fields.encode(floor.map(rounded), forKey: .floor)
        try fields.encode(ratio.map(rounded), forKey: .ratio)
        try fields.encode(budget.map(rounded), forKey: .budget)
        try fields.encode(ok, forKey: .ok)
    }
}

/// Prints `figures`; whether all their budgets were kept.
package func show(_ figures: [Figure], json: Bool) -> Bool {
    for figure in figures { print(json ? figure.json : figure.line) }
    // At once, into a pipe too: what comes after may fail.
    fflush(nil)
    return figures.allSatisfy(\.ok)
}

private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

/// Three digits after the point below 100, none above.
package func short(_ value: Double) -> String {
    if value >= 1000 { return String(Int(value.rounded())) }
    let digits = value >= 100 ? 10.0 : 1000
    return String((value * digits).rounded() / digits)
}

package func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

package func leading(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}
