/// Sounds one after the other, in periods: the end of one and the beginning of the next lie in the same period.
struct SoundStream {
    private let sounds: [[Int16]]
    private let period: Int
    private var sound = 0
    private var position = 0

    init(_ sounds: [[Int16]], period: Int) {
        self.sounds = sounds
        self.period = period
    }

    /// Fills `buffer` with the next period, the last of which may be shorter. False when there is none.
    mutating func next(into buffer: inout [Int16]) -> Bool {
        buffer.removeAll(keepingCapacity: true)
        while buffer.count < period, sound < sounds.count {
            let end = min(position + period - buffer.count, sounds[sound].count)
            buffer += sounds[sound][position..<end]
            position = end
            if position == sounds[sound].count { (sound, position) = (sound + 1, 0) }
        }
        return !buffer.isEmpty
    }
}
