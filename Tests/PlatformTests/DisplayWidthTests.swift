import Platform
import Testing

@Suite("How text lies in a terminal's columns")
struct DisplayWidthTests {
    @Test(
        "Chinese and full-width characters take two columns, all others one",
        arguments: [
            ("", 0), ("yika", 4), ("终端", 4), ("终端 101", 8), ("，", 2), ("：A", 3), ("（）", 4), ("é…→·—“”", 7),
            ("卡\u{20000}", 4),
            ("e\u{301}", 1), ("가ア", 4), ("ｱ", 1),
        ])
    func columns(_ text: String, _ columns: Int) {
        #expect(text.columns == columns)
        #expect(text.padded(to: 10).columns == 10)
        #expect(text.padded(to: 0) == text)
    }
}
