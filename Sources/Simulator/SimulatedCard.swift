public import Mifare
import Synchronization

/// A card that can be laid on simulated readers, one after the other.
public final class SimulatedCard: Sendable {
    /// What a reader reports when the card arrives.
    public let atr: [UInt8]

    private let state: Mutex<ClassicChip>

    /// A card with `chip` in it.
    ///
    /// - Parameter atr: by default what PC/SC part 3 prescribes for a card of the chip's size.
    public init(_ chip: ClassicChip, atr: [UInt8]? = nil) {
        self.atr = atr ?? Self.atr(of: chip.size)
        state = Mutex(chip)
    }

    /// The chip as it is now.
    ///
    /// Setting it replaces the card's content, past all rules.
    public var chip: ClassicChip {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    func withChip<R: Sendable, E: Error>(_ body: (inout ClassicChip) throws(E) -> R) throws(E) -> R {
        try state.withLock { chip throws(E) in try body(&chip) }
    }

    /// The ATR that PC/SC part 3 prescribes for a MIFARE Classic of `size`, an EV1 included, or for a MIFARE Plus in
    /// security level 1 that behaves as one: only a Plus has 2K, and a 4K is one where `isPlus` says so.
    public static func atr(of size: ClassicSize, isPlus: Bool = false) -> [UInt8] {
        let name: UInt8 =
            switch size {
            case .mini: 0x26
            case .oneK: 0x01
            case .twoK: 0x36
            case .fourK: isPlus ? 0x37 : 0x02
            }
        let bytes: [UInt8] = [
            0x3B, 0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06, 0x03, 0x00, name, 0, 0, 0, 0,
        ]
        // TCK: the XOR of everything after TS (ISO 7816-3).
        return bytes + [bytes.dropFirst().reduce(0, ^)]
    }
}
