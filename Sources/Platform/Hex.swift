extension Sequence<UInt8> {
    /// The bytes in lower-case hexadecimal, two digits each, joined by `separator`.
    public func hex(separator: String = "") -> String {
        let digits = Array("0123456789abcdef")
        return map { String([digits[Int($0 >> 4)], digits[Int($0 & 15)]]) }.joined(separator: separator)
    }
}

extension [UInt8] {
    /// Reads pairs of hexadecimal digits; spaces and colons between pairs are passed over. `nil` for anything else.
    public init?(hex text: some StringProtocol) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            if character == UInt8(ascii: " ") || character == UInt8(ascii: ":") {
                guard high == nil else { return nil }
                continue
            }
            guard let digit = Character(UnicodeScalar(character)).hexDigitValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
        guard high == nil else { return nil }
        self = bytes
    }
}
