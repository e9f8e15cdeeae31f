/// Colours for verdicts, by ECMA-48's numbers, where standard output is a terminal and nobody asked for none.
struct Paint {
    enum Colour: String {
        case plain = "0"
        case bold = "1"
        case red = "31"
        case yellow = "33"
        case green = "32"
    }

    private let isOn = Session.isColourful

    func text(_ text: String, as colour: Colour) -> String {
        isOn && colour != .plain ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }
}
