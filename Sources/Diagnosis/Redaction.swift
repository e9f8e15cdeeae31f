/// Takes out of a text what must not leave the box: keys and tokens, whole card numbers, numbers of people.
///
/// By form alone, so that it also catches what nobody thought of: runs of hexadecimal digits as long as a key, runs of
/// decimal digits as long as a holder's, a telephone's or an identity card's number, and the values of names that speak of
/// secrets. Times in milliseconds (13 digits) and in microseconds (16) stay, as without them a log says little.
public enum Redaction {
    /// A sector key is 6 bytes; a UID of 4 bytes is 8 digits, which decimal numbers of that length go with.
    private static let hexLeast = 12
    private static let decimals = 8...12
    private static let longDecimals = 17...19
    private static let secretNames = ["token", "key", "secret", "password", "pin", "journalkey", "rosterkey"]

    /// `text` without them.
    public static func redact(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in digits(spacedHex(secrets(String(line)))) }.joined(separator: "\n")
    }

    /// `"token": "…"`, `token=…`, `Bearer …`.
    private static func secrets(_ line: String) -> String {
        var out = ""
        var rest = line[...]
        while let match = nextSecret(rest) {
            out += rest[..<match.lowerBound] + "‹secret›"
            rest = rest[match.upperBound...]
        }
        return out + rest
    }

    /// Where the value behind the next secret's name is.
    private static func nextSecret(_ text: Substring) -> Range<Substring.Index>? {
        var index = text.startIndex
        while index < text.endIndex {
            guard text[index].isLetter, index == text.startIndex || !isWord(text[text.index(before: index)]) else {
                index = text.index(after: index)
                continue
            }
            let end = text[index...].firstIndex { !isWord($0) } ?? text.endIndex
            let name = text[index..<end].lowercased()
            if name == "bearer" || secretNames.contains(name), let value = value(after: end, in: text, name == "bearer")
            {
                return value
            }
            index = end
        }
        return nil
    }

    private static func value(
        after end: Substring.Index, in text: Substring, _ isBearer: Bool
    ) -> Range<Substring.Index>? {
        var index = end
        var sawSign = isBearer
        while index < text.endIndex, "\"' :=".contains(text[index]) {
            if ":=".contains(text[index]) { sawSign = true }
            index = text.index(after: index)
        }
        guard sawSign, index < text.endIndex else { return nil }
        let stop = text[index...].firstIndex { " \"',}".contains($0) } ?? text.endIndex
        return index < stop ? index..<stop : nil
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    /// Bytes in hexadecimal with something between them: `04 A1 B2 …`, `04:a1:b2:…`; six and more.
    private static func spacedHex(_ line: String) -> String {
        var out = ""
        var rest = line[...]
        var isAtStart = true
        while let first = rest.first {
            if isAtStart, let (end, count) = bytes(at: rest), count >= hexLeast / 2 {
                out += "‹\(count) bytes›"
                rest = rest[end...]
                continue
            }
            isAtStart = !isWord(first)
            out.append(first)
            rest.removeFirst()
        }
        return out
    }

    /// Where the bytes end that `text` begins with, and how many they are.
    private static func bytes(at text: Substring) -> (end: Substring.Index, count: Int)? {
        var index = text.startIndex
        var found: (end: Substring.Index, count: Int)?
        var separator: Character?
        while let end = text.index(index, offsetBy: 2, limitedBy: text.endIndex),
            text[index..<end].allSatisfy(\.isHexDigit)
        {
            let next = end < text.endIndex ? text[end] : nil
            guard next.map({ !isWord($0) }) ?? true else { break }
            found = (end, (found?.count ?? 0) + 1)
            guard let next, separator == nil ? next == " " || next == ":" : next == separator else { break }
            separator = next
            index = text.index(after: end)
        }
        return found
    }

    private static func digits(_ line: String) -> String {
        var out = ""
        var rest = line[...]
        while let start = rest.firstIndex(where: \.isHexDigit) {
            out += rest[..<start]
            let run = rest[start...].prefix(while: \.isHexDigit)
            let isDecimal = run.allSatisfy(\.isNumber)
            let isHidden =
                isDecimal
                ? decimals.contains(run.count) || longDecimals.contains(run.count) || run.count >= 24
                : run.count >= hexLeast
            out += isHidden ? "‹\(run.count) digits›" : String(run)
            rest = rest[run.endIndex...]
        }
        return out + rest
    }
}
