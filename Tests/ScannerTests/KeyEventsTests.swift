import Simulator
import TestSupport
import Testing

@testable import Scanner

/// Input events as the kernel writes them: a time, then type, code and value.
enum Keys {
    static func event(_ type: UInt16, _ code: UInt16, _ value: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xA5, count: KeyEvents.size - 8)
        for shift in [0, 8] { bytes.append(UInt8(truncatingIfNeeded: type >> UInt16(shift))) }
        for shift in [0, 8] { bytes.append(UInt8(truncatingIfNeeded: code >> UInt16(shift))) }
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> Int32(shift))) }
        return bytes
    }

    static let report = event(0, 0, 0)
    static let lost = event(0, 3, 0)
    static let shift: UInt16 = 42
    static let enter: UInt16 = 28

    static func press(_ code: UInt16) -> [UInt8] { event(4, 4, 458_756) + event(1, code, 1) + report }
    static func release(_ code: UInt16) -> [UInt8] { event(1, code, 0) + report }
    static func tap(_ code: UInt16) -> [UInt8] { press(code) + release(code) }

    /// What a scanner sends for `text`: capital letters with Shift, at the end Enter.
    static func typing(_ text: String) -> [UInt8] {
        let rows: [(UInt16, String)] = [(2, "1234567890"), (16, "QWERTYUIOP"), (30, "ASDFGHJKL"), (44, "ZXCVBNM")]
        return text.flatMap { character -> [UInt8] in
            for (first, row) in rows {
                guard let place = Array(row).firstIndex(of: character) else { continue }
                let key = tap(first + UInt16(place))
                return character.isLetter ? press(shift) + key + release(shift) : key
            }
            return []
        } + tap(enter)
    }
}

@Suite("Codes out of keys")
struct KeyEventsTests {
    private func typed(_ bytes: [UInt8]) -> String {
        var events = KeyEvents()
        return String(decoding: events.characters(in: bytes), as: UTF8.self)
    }

    @Test("Every printing key of an American keyboard types its two characters")
    func layout() {
        // From the kernel's names of keys (linux/input-event-codes.h) and the keyboard in front of you.
        let keys: [(UInt16, String)] = [
            (2, "1!"), (3, "2@"), (4, "3#"), (5, "4$"), (6, "5%"), (7, "6^"), (8, "7&"), (9, "8*"), (10, "9("),
            (11, "0)"), (12, "-_"), (13, "=+"), (16, "qQ"), (17, "wW"), (18, "eE"), (19, "rR"), (20, "tT"), (21, "yY"),
            (22, "uU"), (23, "iI"), (24, "oO"), (25, "pP"), (26, "[{"), (27, "]}"), (30, "aA"), (31, "sS"), (32, "dD"),
            (33, "fF"), (34, "gG"), (35, "hH"), (36, "jJ"), (37, "kK"), (38, "lL"), (39, ";:"), (40, "'\""), (41, "`~"),
            (43, "\\|"), (44, "zZ"), (45, "xX"), (46, "cC"), (47, "vV"), (48, "bB"), (49, "nN"), (50, "mM"), (51, ",<"),
            (52, ".>"), (53, "/?"), (57, "  "),
        ]
        for (key, characters) in keys {
            #expect(typed(Keys.tap(key) + Keys.press(Keys.shift) + Keys.tap(key)) == characters, "key \(key)")
            #expect(typed(Keys.press(54) + Keys.tap(key) + Keys.release(54)) == String(characters.suffix(1)))
        }
        let pad = zip([71, 72, 73, 75, 76, 77, 79, 80, 81, 82], "7894561230")
        for (key, character) in pad { #expect(typed(Keys.tap(UInt16(key))) == String(character)) }
        #expect(typed(Keys.tap(28) + Keys.tap(96) + Keys.tap(15)) == "\r\r\t")
    }

    @Test("A payment code's characters are typed as they are printed")
    func code() { #expect(typed(Keys.typing("YK1AZ234567QWX")) == "YK1AZ234567QWX\r") }

    @Test("Caps Lock turns letters round and nothing else, Shift turns them back")
    func capsLock() {
        #expect(typed(Keys.tap(58) + Keys.tap(30) + Keys.tap(2) + Keys.tap(58) + Keys.tap(30)) == "A1a")
        #expect(typed(Keys.tap(58) + Keys.press(42) + Keys.tap(30) + Keys.tap(2)) == "a!")
    }

    @Test("A key that is held or released types nothing more, and Num Lock nothing at all")
    func repetition() {
        #expect(typed(Keys.press(30) + Keys.event(1, 30, 2) + Keys.event(1, 30, 2) + Keys.release(30)) == "a")
        #expect(typed(Keys.tap(69) + Keys.tap(70) + Keys.tap(30)) == "a")
    }

    @Test("Control and a letter is a control character; what types none leaves its mark in the code")
    func others() {
        #expect(typed(Keys.press(29) + Keys.tap(50) + Keys.release(29) + Keys.tap(50)) == "\rm")
        for strange in [Keys.tap(59), Keys.tap(0x2FF), Keys.tap(113), Keys.press(56) + Keys.tap(30) + Keys.release(56)]
        {
            #expect(typed(strange + Keys.tap(48)) == "\0b")
        }
    }

    @Test("Events that the kernel dropped make the code garbled, and nothing is held afterwards")
    func dropped() {
        let stream =
            Keys.press(Keys.shift) + Keys.tap(30) + Keys.lost + Keys.tap(31) + Keys.event(1, 32, 1) + Keys.report
            + Keys.tap(48)
        // The first report after the loss ends it: what came before is passed over, later keys count.
        #expect(typed(stream) == "A\0db")
        #expect(typed(Keys.press(Keys.shift) + Keys.lost + Keys.event(1, 30, 1) + Keys.report + Keys.tap(48)) == "\0b")
    }

    @Test("Events are put together however a read cuts them")
    func cuts() {
        let bytes = Keys.typing("YK1A")
        for cut in 0...bytes.count {
            var events = KeyEvents()
            let characters = events.characters(in: bytes[..<cut]) + events.characters(in: bytes[cut...])
            #expect(String(decoding: characters, as: UTF8.self) == "YK1A\r", "cut at \(cut)")
        }
    }

    @Test("Random events never trap, and type no more characters than keys went down")
    func sweep() {
        let seed: UInt64 = 0x4B45_5953
        var random = SplitMix64(seed: seed)
        let rounds = SweepSize.current == .full ? 50_000 : 5_000
        var characters = 0
        for round in 0..<rounds {
            var events = KeyEvents()
            var downs = 0
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let types: [UInt16] = [0, 1, 1, 1, 4, .random(in: 0...(.max), using: &random)]
                let type = types.randomElement(using: &random) ?? 0
                let code = UInt16.random(in: 0...(round % 2 == 0 ? 130 : .max), using: &random)
                let values: [Int32] = [0, 1, 2, -1, .random(in: .min...(.max), using: &random)]
                let value = values.randomElement(using: &random) ?? 0
                downs += (type == 1 && value == 1) || type == 0 ? 1 : 0
                bytes += Keys.event(type, code, value)
            }
            let count = events.characters(in: bytes).count
            #expect(count <= downs, "round \(round) of seed \(seed)")
            characters += count
        }
        print("keys: \(rounds) random streams, \(characters) characters, seed \(seed)")
    }
}
