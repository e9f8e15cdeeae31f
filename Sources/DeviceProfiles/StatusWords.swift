import DataFiles

/// What a reader means by a status word.
public enum StatusMeaning: String, CaseIterable, Hashable, Sendable, Codable {
    /// Done.
    case ok
    /// The card did not accept the key.
    case authenticationFailed
    /// The sector was not authenticated before.
    case notAuthenticated
    /// The access bits forbid it.
    case notPermitted
    /// The card does not answer, or is gone.
    case noAnswer
    /// No such slot, block or key.
    case badParameter
    /// The reader does not know the command.
    case unsupported
}

/// The words of a dialect: which status words (SW1 SW2) stand for which meaning, with exceptions per operation.
///
/// Readers say less than we ask: several meanings may share one word, and then the operation decides.
public struct StatusWords: Hashable, Sendable {
    private let common: [StatusMeaning: [UInt16]]
    private let exceptions: [CardOperation: [StatusMeaning: [UInt16]]]

    /// The word that the reader gives for `meaning`; the simulator answers with it.
    public func word(for meaning: StatusMeaning, in operation: CardOperation) -> UInt16 {
        // 6F00 is ISO 7816-4's "no precise diagnosis"; every meaning has a word once a profile is loaded.
        words(for: meaning, in: operation).first ?? 0x6F00
    }

    /// Whether `word`, as an answer to `operation`, may stand for `meaning`.
    public func isWord(_ word: UInt16, for meaning: StatusMeaning, in operation: CardOperation) -> Bool {
        words(for: meaning, in: operation).contains(word)
    }

    /// Every word for `meaning`, the simulator's first.
    func words(for meaning: StatusMeaning, in operation: CardOperation) -> [UInt16] {
        exceptions[operation]?[meaning] ?? exceptions[operation.kin]?[meaning] ?? common[meaning] ?? []
    }
}

extension StatusWords: Decodable {
    private enum Key: String, CodingKey, CaseIterable {
        case ok, authenticationFailed, notAuthenticated, notPermitted, noAnswer, badParameter, unsupported, perOperation
    }

    /// Decodes it, or says which value was expected to be what.
    public init(from decoder: any Decoder) throws {
        try decoder.refuseNames(except: Key.self)
        let container = try decoder.container(keyedBy: Key.self)
        var common: [StatusMeaning: [UInt16]] = [:]
        for meaning in StatusMeaning.allCases {
            guard let key = Key(rawValue: meaning.rawValue) else { continue }
            common[meaning] = try container.decode(WordList.self, forKey: key).words
        }
        self.common = common
        var exceptions: [CardOperation: [StatusMeaning: [UInt16]]] = [:]
        let written = try container.decodeIfPresent([String: [String: WordList]].self, forKey: .perOperation) ?? [:]
        for (name, meanings) in written {
            guard let operation = CardOperation(rawValue: name) else {
                let known = CardOperation.allCases.map(\.rawValue).joined(separator: ", ")
                throw decoder.fault("one of: \(known), not '\(name)'", at: Key.perOperation)
            }
            for (name, list) in meanings {
                guard let meaning = StatusMeaning(rawValue: name) else {
                    let known = StatusMeaning.allCases.map(\.rawValue).joined(separator: ", ")
                    throw decoder.fault("one of: \(known), not '\(name)'", at: Key.perOperation)
                }
                exceptions[operation, default: [:]][meaning] = list.words
            }
        }
        self.exceptions = exceptions
    }

    /// At least one status word, each written as four hexadecimal digits.
    private struct WordList: Decodable {
        let words: [UInt16]

        init(from decoder: any Decoder) throws {
            var words: [UInt16] = []
            var list = try decoder.unkeyedContainer()
            while !list.isAtEnd {
                let text = try list.decode(String.self)
                guard text.utf8.count == 4, let word = UInt16(text, radix: 16) else {
                    throw decoder.fault("status words as four hexadecimal digits, not '\(text)'")
                }
                words.append(word)
            }
            guard !words.isEmpty else { throw decoder.fault("at least one status word") }
            self.words = words
        }
    }
}
