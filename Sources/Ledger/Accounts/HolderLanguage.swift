import LedgerProtocol
import Platform

/// The language in which terminals speak to a holder.
extension AccountDesk {
    /// Sets the language in which terminals speak to the account's holder.
    ///
    /// - Parameter language: a language tag such as `en` or `zh-CN`; `nil`: whatever the terminal speaks.
    /// - Throws: ``LedgerRefused``.
    public func setLanguage(account: Int64, to language: String?) throws -> AccountView {
        try authorize(.setLanguage, subject: "\(account)")
        let number = try Input.account(account)
        let tag = try language.map(Input.language)
        return try perform(.setLanguage, subject: "\(number)", detail: { _ in tag ?? "none" }) { transaction, _ in
            _ = try transaction.lockedAccount(number)
            try transaction.execute(
                "UPDATE accounts SET language = ? WHERE number = ?",
                [tag.map { .text($0) } ?? .null, .integer(number)])
            return try transaction.view(number)
        }
    }
}

/// How a language is named in the books: 2 to 8 letters, and subtags of letters and digits after hyphens.
enum LanguageTag {
    static let shortest = 2
    static let longest = 16

    /// `text` in the spelling that voice packs have, whatever the case it came in; `nil`: it is no language tag.
    ///
    /// BCP 47 compares without regard to case, terminals compare letters: `zh-cn` would silently never be spoken.
    static func spelled(_ text: String) -> String? {
        guard (shortest...longest).contains(text.utf8.count) else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isTag = parts.enumerated().allSatisfy { index, part in
            (index == 0 ? 2...8 : 1...8).contains(part.utf8.count)
                && part.utf8.allSatisfy { isLetter($0) || index > 0 && (0x30...0x39).contains($0) }
        }
        guard isTag else { return nil }
        return parts.enumerated().map { index, part in
            switch part.utf8.count {
            case 2 where index > 0: part.uppercased()
            case 4 where index > 0: part.prefix(1).uppercased() + part.dropFirst().lowercased()
            default: part.lowercased()
            }
        }.joined(separator: "-")
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

extension Input {
    static func language(_ value: String) throws(LedgerRefused) -> String {
        guard let tag = LanguageTag.spelled(value) else {
            throw .malformed(
                "language: expected a tag such as zh-CN or en, with at most \(LanguageTag.longest) characters")
        }
        return tag
    }
}
