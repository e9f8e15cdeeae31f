import FoundationEssentials

/// What is wrong with a voice pack or the catalogue: the file, the place in it, and what was expected there.
public struct VoicePackError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as it was named to us.
    public let file: String
    /// The path to the value, `sentences.activating.file`; empty for the file as a whole.
    public let path: String
    /// What should have been there.
    public let expected: String

    /// The value at `path` of `file` is not `expected`.
    public init(file: String, path: String, expected: String) {
        self.file = file
        self.path = path
        self.expected = expected
    }

    /// File, path and expectation in one line.
    public var description: String { "\(file): \(path.isEmpty ? "" : "\(path): ")expected \(expected)" }
}

/// Reads and decodes the files of a voice pack, turning every failure into a ``VoicePackError``.
enum VoiceFiles {
    /// Reads the whole of `file`.
    ///
    /// A minute of sound is 6 MB at the highest rate, so more than `limit` is a mistake.
    static func read(_ file: String, limit: Int = 16 << 20) throws(VoicePackError) -> [UInt8] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file)
        let size = (attributes?[.size] as? UInt64).map(Int.init(clamping:))
        if let size, size > limit {
            throw VoicePackError(file: file, path: "", expected: "at most \(limit) bytes, not \(size)")
        }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw VoicePackError(file: file, path: "", expected: "a file that can be read")
        }
        return [UInt8](data)
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], of file: String
    ) throws(VoicePackError) -> Value {
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw VoicePackError(error, file: file)
        } catch {
            throw VoicePackError(file: file, path: "", expected: "JSON5 (\(error))")
        }
    }
}

extension VoicePackError {
    fileprivate init(_ error: DecodingError, file: String) {
        switch error {
        case .keyNotFound(let key, let context):
            self.init(file: file, path: Self.path(context.codingPath + [key]), expected: "a value")
        case .typeMismatch(let type, let context):
            self.init(file: file, path: Self.path(context.codingPath), expected: Self.phrase(type))
        case .valueNotFound(let type, let context):
            self.init(file: file, path: Self.path(context.codingPath), expected: Self.phrase(type))
        case .dataCorrupted(let context):
            let detail = context.underlyingError.map { cause in "JSON5 (\(cause))" } ?? context.debugDescription
            self.init(file: file, path: Self.path(context.codingPath), expected: detail)
        @unknown default:
            self.init(file: file, path: "", expected: "a voice pack's JSON5 (\(error))")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { key in key.intValue.map { index in "[\(index)]" } ?? key.stringValue }.joined(separator: ".")
    }

    private static func phrase(_ type: Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Int.Type: "a whole number"
        case is Bool.Type: "true or false"
        case is [Any].Type: "a list"
        case is [String: Any].Type: "an object"
        default: "a value of another kind (\(type))"
        }
    }
}
