import FoundationEssentials

/// Reads the JSON5 files of this project: configuration, reader profiles, card layouts, voice packs.
///
/// JSON5, because these files carry their reasons and their evidence as comments and their numbers in hexadecimal.
public enum JSON5File {
    /// The most that a file of settings may have: more is a wrong path, not a long file.
    private static let limit = 1 << 20

    /// Decodes the file at `path`.
    public static func decode<T: Decodable>(_ type: T.Type, from path: String) throws(DataFileError) -> T {
        try decode(type, from: try DataFile.read(path, limit: limit), file: path)
    }

    /// Decodes `bytes`; `file` is the name that an error gives.
    public static func decode<T: Decodable>(
        _ type: T.Type, from bytes: [UInt8], file: String
    ) throws(DataFileError) -> T {
        // At a name without quotes the library's JSON5 decoder ends the process on a byte that is no UTF-8
        // (FoundationEssentials of Swift 6.3).
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if let line = lines.firstIndex(where: { String(validating: $0, as: UTF8.self) == nil }) {
            throw DataFileError(file: file, path: "line \(line + 1)", expected: "text in UTF-8")
        }
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            if let fault = JSON5Syntax.fault(in: bytes) {
                throw DataFileError(file: file, path: "line \(fault.line)", expected: fault.expected)
            }
            throw DataFileError(file: file, path: path(of: error), expected: expectation(of: error))
        } catch {
            throw DataFileError(file: file, path: "", expected: "JSON5 (\(error))")
        }
    }

    private static func path(of error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            text(context.codingPath)
        case .keyNotFound(let key, let context):
            text(context.codingPath + [key])
        @unknown default: ""
        }
    }

    private static func expectation(of error: DecodingError) -> String {
        switch error {
        case .typeMismatch(let type, _), .valueNotFound(let type, _): word(for: type)
        case .keyNotFound: "a value; it is missing"
        case .dataCorrupted(let context):
            // The decoder words a number that does not fit its setting like this, without saying which.
            context.debugDescription.contains("not valid JSON")
                ? "numbers that fit their settings; one is too large, too small or not whole"
                : context.debugDescription
        @unknown default: "a value that can be decoded (\(error))"
        }
    }

    private static func word(for type: any Any.Type) -> String {
        if type == String.self { return "a text in quotes" }
        if type == Bool.self { return "true or false" }
        if type is any BinaryInteger.Type || type is any BinaryFloatingPoint.Type { return "a number" }
        let name = "\(type)"
        if name.hasPrefix("Array<") { return "a list [...]" }
        if name.hasPrefix("Dictionary<") { return "an object {...}" }
        return name
    }

    private static func text(_ path: [any CodingKey]) -> String {
        path.reduce("") { text, key in
            if let index = key.intValue { return "\(text)[\(index)]" }
            return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
        }
    }
}

extension Decoder {
    /// Refuses any name in the object being decoded that is not one of `keys`.
    ///
    /// A mistyped optional setting would otherwise be passed over in silence and its default used.
    public func refuseNames<Keys: CodingKey & CaseIterable>(except keys: Keys.Type) throws {
        let known = Set(keys.allCases.map(\.stringValue))
        let container = try container(keyedBy: AnyName.self)
        for name in container.allKeys where !known.contains(name.stringValue) {
            throw fault("one of: \(known.sorted().joined(separator: ", "))", at: name)
        }
    }

    /// The error that says `expected` about the value being decoded, or about the one called `name` inside it.
    public func fault(_ expected: String, at name: (any CodingKey)? = nil) -> DecodingError {
        .dataCorrupted(
            DecodingError.Context(
                codingPath: codingPath + (name.map { [$0] } ?? []), debugDescription: expected))
    }
}

private struct AnyName: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init?(intValue: Int) { return nil }
}
