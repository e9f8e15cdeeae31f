/// A language in which people are spoken to on paper and screens.
public enum Language: String, Sendable, CaseIterable {
    /// Simplified Chinese.
    case chinese = "zh-CN"
    /// English.
    case english = "en"

    /// The language of a terminal session: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that says something (locale(7)).
    ///
    /// - Parameter variable: the value of an environment variable; empty counts as not set.
    public init(environment variable: (String) -> String?) {
        let said = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap(variable).first { !$0.isEmpty }
        self = said?.hasPrefix("zh") == true ? .chinese : .english
    }
}

/// The same words in both languages.
public struct Text: Sendable, Hashable {
    /// In Chinese.
    public let chinese: String
    /// In English.
    public let english: String

    /// The words in both languages.
    public init(_ chinese: String, _ english: String) {
        self.chinese = chinese
        self.english = english
    }

    /// The words in one language.
    public subscript(language: Language) -> String { language == .chinese ? chinese : english }
}
