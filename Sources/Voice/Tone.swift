import Glibc

/// A few notes that tell an outcome without words.
public struct Tone: Hashable, Sendable {
    /// One note, or a pause.
    public struct Note: Hashable, Sendable, Decodable {
        /// The pitch in hertz, 100...4,000; 0 for a pause.
        public let hertz: Int
        /// How long it sounds, in milliseconds, 10...1,000.
        public let milliseconds: Int
    }

    /// Which tone a sentence begins with, by the catalogue's names.
    public enum Name: String, Hashable, Sendable, Decodable, CaseIterable, CodingKeyRepresentable {
        /// Work is under way: wait.
        case wait
        /// It is done.
        case success
        /// It is refused.
        case refusal
        /// There is something to do, and then it goes on.
        case again
    }

    /// Its notes, in order.
    public let notes: [Note]

    /// A quarter of full scale: about as loud as the sentences, which are at −19 LUFS, a sine at a quarter being at −15 dBFS.
    private static let amplitude = 8_192.0
    /// Without it the loudspeaker clicks.
    private static let rampMilliseconds = 8

    /// How long it lasts, in milliseconds.
    public var milliseconds: Int { notes.reduce(0) { $0 + $1.milliseconds } }

    /// Its samples at `rate` per second.
    public func samples(rate: Int) -> [Int16] {
        notes.flatMap { note in
            let count = rate * note.milliseconds / 1_000
            let ramp = min(rate * Self.rampMilliseconds / 1_000, count / 2)
            return (0..<count).map { index in
                let angle = 2 * Double.pi * Double(note.hertz) * Double(index) / Double(rate)
                let edge = min(index, count - 1 - index)
                let envelope = edge < ramp ? Double(edge) / Double(ramp) : 1
                return Int16(Self.amplitude * envelope * sin(angle))
            }
        }
    }
}
