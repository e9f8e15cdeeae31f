/// Turns keys pressed into the characters that an American keyboard types, which is what scanners are set to.
///
/// Key codes are the kernel's (linux/input-event-codes.h); they name places on the keyboard, and no layout of the
/// system's comes in between.
struct KeyTypist: Sendable {
    private var shiftsHeld: Set<UInt16> = []
    private var controlsHeld: Set<UInt16> = []
    private var othersHeld: Set<UInt16> = []
    private var hasCapsLock = false

    /// What stands for a key that types no character: it makes the code garbled, rather than shorter.
    static let nothing: UInt8 = 0

    /// A key went down (1), up (0) or repeats itself (2); the character it types, if it may type one.
    mutating func key(_ code: UInt16, value: Int32) -> UInt8? {
        switch code {
        case 42, 54: Self.hold(code, value, in: &shiftsHeld)
        case 29, 97: Self.hold(code, value, in: &controlsHeld)
        // Alt and the logo keys: some scanners type Alt and a number for what is not on the keyboard.
        case 56, 100, 125, 126: Self.hold(code, value, in: &othersHeld)
        case 58: if value == 1 { hasCapsLock.toggle() }
        // Num Lock and Scroll Lock.
        case 69, 70: break
        default: return value == 1 ? character(of: code) : nil
        }
        return nil
    }

    /// Events were lost: nobody knows what is held. A scanner holds nothing for longer than a character.
    mutating func forget() { (shiftsHeld, controlsHeld, othersHeld) = ([], [], []) }

    private func character(of code: UInt16) -> UInt8 {
        guard othersHeld.isEmpty, Int(code) < Self.keys.count, let key = Self.keys[Int(code)] else {
            return Self.nothing
        }
        let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(key.plain)
        // Control and a letter is how scanners type the control characters, the end of a code among them.
        if !controlsHeld.isEmpty { return isLetter ? key.plain & 0x1F : Self.nothing }
        return shiftsHeld.isEmpty == (isLetter && hasCapsLock) ? key.shifted : key.plain
    }

    private static func hold(_ code: UInt16, _ value: Int32, in held: inout Set<UInt16>) {
        if value == 0 { held.remove(code) } else { held.insert(code) }
    }

    private struct Key {
        let plain: UInt8
        let shifted: UInt8
    }

    /// By key code: what the rows of the keyboard type, plain and with Shift.
    private static let keys: [Key?] = {
        let rows: [(first: Int, plain: String, shifted: String)] = [
            (2, "1234567890-=\u{08}\t", "!@#$%^&*()_+\u{08}\t"), (16, "qwertyuiop[]\r", "QWERTYUIOP{}\r"),
            (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"), (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
            // The number pad, as with Num Lock.
            (55, "*", "*"), (57, " ", " "), (71, "789-456+1230.", "789-456+1230."), (96, "\r", "\r"), (98, "/", "/"),
        ]
        var keys = [Key?](repeating: nil, count: 128)
        for row in rows {
            for (offset, characters) in zip(row.plain.utf8, row.shifted.utf8).enumerated() {
                keys[row.first + offset] = Key(plain: characters.0, shifted: characters.1)
            }
        }
        return keys
    }()
}
