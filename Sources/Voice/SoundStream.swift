/// Sounds one after the other, in periods: the end of one and the beginning of the next lie in the same period.
struct SoundStream {
    /// One sound, as it lies in its pack.
    struct Sound: Hashable {
        let samples: [Int16]
        /// Samples per second.
        let rate: Int
    }

    private let sounds: [Sound]
    private let rate: Int
    private let period: Int
    private var sound = 0
    private var position = 0
    /// Of the sound under way, if it has another rate than the device.
    private var resampler: Resampler?

    /// `sounds` for a device that takes `rate` samples per second, in periods of so many samples.
    init(_ sounds: [Sound], rate: Int, period: Int) {
        self.sounds = sounds
        self.rate = rate
        self.period = period
    }

    /// Fills `buffer` with the next period, the last of which may be shorter. False when there is none.
    mutating func next(into buffer: inout [Int16]) -> Bool {
        buffer.removeAll(keepingCapacity: true)
        while buffer.count < period, sound < sounds.count {
            let current = sounds[sound]
            if position == 0, resampler == nil, current.rate != rate {
                // None only without memory: too low or too high a voice is understood, silence is not.
                resampler = Resampler(current.samples, from: current.rate, to: rate)
            }
            if let resampler {
                resampler.take(period - buffer.count, into: &buffer)
                if resampler.isAtEnd { advance() }
            } else {
                let end = min(position + period - buffer.count, current.samples.count)
                buffer += current.samples[position..<end]
                position = end
                if position == current.samples.count { advance() }
            }
        }
        return !buffer.isEmpty
    }

    private mutating func advance() { (sound, position, resampler) = (sound + 1, 0, nil) }
}
