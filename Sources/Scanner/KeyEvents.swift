import CLinux
import Platform

/// Reads the kernel's input events: the characters that a scanner has typed.
struct KeyEvents: Sendable {
    /// Bytes of an event: a time, then type u16, code u16 and value i32.
    static let size = MemoryLayout<input_event>.size

    private var typist = KeyTypist()
    private var rest: [UInt8] = []
    private var isLost = false

    /// The characters typed in `bytes`, which go on from those before; an event may be cut.
    mutating func characters(in bytes: some Sequence<UInt8>) -> [UInt8] {
        rest += bytes
        var characters: [UInt8] = []
        var start = 0
        while rest.count - start >= Self.size {
            let fields = start + Self.size - 8
            if let character = event(
                type: rest.integer(at: fields), code: rest.integer(at: fields + 2), value: rest.integer(at: fields + 4))
            {
                characters.append(character)
            }
            start += Self.size
        }
        rest.removeFirst(start)
        return characters
    }

    /// Forgets a cut event and what was held: the device is another one.
    mutating func reset() { self = KeyEvents() }

    private mutating func event(type: UInt16, code: UInt16, value: Int32) -> UInt8? {
        // Named as in linux/input-event-codes.h: EV_SYN with SYN_DROPPED and SYN_REPORT, EV_KEY.
        switch (type, code) {
        case (0, 3):
            isLost = true
        case (0, 0):
            guard isLost else { return nil }
            isLost = false
            typist.forget()
            // Characters are missing here, and the code has to show it.
            return KeyTypist.nothing
        case (1, _):
            // What comes between SYN_DROPPED and the next report belongs to what was lost.
            return isLost ? nil : typist.key(code, value: value)
        default: break
        }
        return nil
    }
}
