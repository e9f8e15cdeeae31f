/// English sentences that something else words, with what varies in them, and their Chinese.
struct Phrasebook {
    /// In both, `%` stands for what varies; the first that fits counts.
    let sentences: [(english: String, chinese: String)]

    /// The Chinese of `sentence`; `nil` where the book has none.
    func chinese(_ sentence: String) -> String? {
        for (english, chinese) in sentences {
            guard var values = Self.captures(english, sentence)?[...] else { continue }
            return chinese.reduce(into: "") { $0 += $1 == "%" ? values.popFirst() ?? "" : String($1) }
        }
        return nil
    }

    /// What stands at the places of `%` when `sentence` is of the form `pattern`.
    private static func captures(_ pattern: String, _ sentence: String) -> [String]? {
        let parts = pattern.split(separator: "%", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return pattern == sentence ? [] : nil }
        guard let first = parts.first, let last = parts.last, sentence.hasPrefix(first), sentence.hasSuffix(last),
            sentence.count >= first.count + last.count
        else { return nil }
        var rest = sentence.dropFirst(first.count).dropLast(last.count)
        var found: [String] = []
        for part in parts.dropFirst().dropLast() {
            guard let place = rest.firstRange(of: part) else { return nil }
            found.append(String(rest[..<place.lowerBound]))
            rest = rest[place.upperBound...]
        }
        return found + [String(rest)]
    }
}

extension Phrasebook {
    /// What is expected in files that people edit, as `DataFiles` and those who read them word it most often.
    static let dataFiles = Phrasebook(sentences: [
        ("a value; it is missing", "缺少此值"), ("a value", "应有一个值"),
        (
            "numbers that fit their settings; one is too large, too small or not whole",
            "有数字过大、过小或不是整数"
        ), ("a text in quotes", "应为引号中的文字"), ("a text", "应为文字"), ("true or false", "应为 true 或 false"),
        ("a number from % to %", "应为 % 到 % 的数字"), ("a number from %", "应为不小于 % 的数字"), ("a number", "应为数字"),
        ("a list [...]", "应为列表 [...]"), ("an object {...}", "应为对象 {...}"), ("one of: %", "应为其中之一：%"),
        ("',' or '%'", "应为“,”或“%”"), ("':' after a name", "名称后应为“:”"), ("a name or '%'", "应为名称或“%”"),
        ("nothing after the last bracket", "最后一个括号之后不应再有内容"),
        ("at most % brackets within one another", "括号最多嵌套 % 层"),
        ("the end of the text that begins in this line", "本行开始的文字没有结束"),
        ("the end of the comment that begins in this line", "本行开始的注释没有结束"), ("text in UTF-8", "应为 UTF-8 文本"),
        ("at most % bytes, not %", "最多 % 字节，现有 %"), ("one of % bytes, not %", "应为 % 字节之一，不是 %"),
        ("a file that can be read", "文件应可读"), ("a directory that can be read", "目录应可读"),
        ("'%', the file's name", "应与文件名“%”一致"), ("a port from % to %", "应为 % 到 % 的端口"),
        ("% bytes in hexadecimal", "应为 % 字节的十六进制"), ("at least one language", "应至少有一种语言"),
    ])

    /// What ArgumentParser says of a command line, and around its help.
    static let commandLines = Phrasebook(sentences: [
        ("Unknown option '%'. Did you mean '%'?", "没有选项“%”；是否指“%”？"),
        ("Unknown option '%'", "没有选项“%”"),
        ("Missing value for '%'", "“%”缺少值"),
        ("The option '%' does not take any value, but '%' was specified.", "选项“%”不带值，却给了“%”"),
        ("Unexpected argument '%'", "多余的参数“%”"),
        ("% unexpected arguments: '%'", "%个多余的参数：“%”"),
        ("Missing expected argument '%'", "缺少参数“%”"),
        ("The value '%' is invalid for '%': %", "“%”不能用作“%”：%"),
        ("The value '%' is invalid for '%'", "“%”不能用作“%”"),
        ("  See '%' for more information.", "  详见 %"),
        ("  See '%' for detailed help.", "  详见 %"),
    ])
}
