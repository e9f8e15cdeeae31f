import Crypto

/// What a technician types into a new terminal, once, so that it can make itself known.
///
/// 25 letters and digits by chance, 125 bits: nobody guesses one, so that wrong ones need not be counted, and no stranger
/// can lock a terminal out by sending some.
public struct EnrolmentToken: Hashable, Sendable {
    /// As it is shown: five groups of five.
    public let text: String

    /// Without I, L, O and U, which are read for others or make words (Crockford's base 32).
    private static let letters = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// A new one.
    static func make() -> EnrolmentToken {
        var text = ""
        for index in 0..<25 {
            if index > 0, index.isMultiple(of: 5) { text.append("-") }
            text.append(letters[Int.random(in: 0..<letters.count)])
        }
        return EnrolmentToken(text: text)
    }

    /// SHA-256 of what was typed, however it was written: letters of any size, with or without the dashes.
    static func hash(of typed: String) -> SHA256.Digest {
        let read = typed.uppercased().compactMap { letter -> Character? in
            switch letter {
            case "O": "0"
            case "I", "L": "1"
            case "-", " ": nil
            default: letter
            }
        }
        return SHA256.hash(data: Array(String(read).utf8))
    }
}
