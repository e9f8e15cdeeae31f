/// What went wrong between us and the sound device: the call, its return code, and what the code means.
public struct SoundError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The function that failed, by its C name.
    public let call: String
    /// Its return code: a negated `errno` number, as libasound gives it.
    public let code: Int32
    /// What the code means, in a phrase.
    public let meaning: String
    /// The device it happened on, by its ALSA name.
    public let device: String

    /// The failure `code` of `call` on `device`.
    public init(call: String, code: Int32, meaning: String, device: String) {
        self.call = call
        self.code = code
        self.meaning = meaning
        self.device = device
    }

    /// Call, device, code and meaning in one line.
    public var description: String { "\(call)(\(device)): \(code) (\(meaning))" }
}

/// How the samples are to be played: signed 16 bits, channels interleaved.
public struct SoundFormat: Hashable, Sendable {
    /// Samples per second, of each channel.
    public let sampleRate: Int
    /// 1: the same on both sides; 2: left and right.
    public let channels: Int

    /// 16-bit samples at `sampleRate` per second.
    public init(sampleRate: Int, channels: Int = 1) {
        self.sampleRate = sampleRate
        self.channels = channels
    }
}

/// What a sound device takes without anybody converting for it.
public struct SoundCapabilities: Hashable, Sendable, Encodable {
    /// Of the usual rates those that it has, in samples per second.
    public let rates: [Int]
    /// Of one and two channels those that it takes.
    public let channels: [Int]
    /// Whether it takes signed 16 bits.
    public let hasSixteenBits: Bool

    /// Whether sentences can be played on it as they are, but for their rate.
    public var takesSpeech: Bool { hasSixteenBits && channels.contains(1) && !rates.isEmpty }
}

/// The sound seam: one device that plays mono samples.
///
/// All calls come from the announcer's thread and may block, but for no longer than a period (about 20 ms) while the
/// device is in order: between two calls the announcer looks whether it has to cut the sentence.
public protocol SoundOutput: Sendable {
    /// Makes the device ready for a new sentence: opens it if it is not open, readies it if it is.
    ///
    /// - Returns: the format it takes, which is `format` where it can.
    func open(_ format: SoundFormat) throws(SoundError) -> SoundFormat

    /// Makes it as loud as `percent`, 0...100, says; the device is open.
    ///
    /// - Returns: what the samples are to be multiplied by, 0...1: as far as the device has no volume of its own.
    func setVolume(_ percent: Int) -> Double

    /// Plays `samples` after those given before; returns once the device has taken them, before they are heard.
    func write(_ samples: ArraySlice<Int16>) throws(SoundError)

    /// Waits, at most `milliseconds`, until everything written has been heard. False when it has not been by then.
    func finish(waiting milliseconds: Int) throws(SoundError) -> Bool

    /// How often the sound broke off since the last call, because we were late or the machine slept.
    func takeInterruptions() -> Int

    /// Forgets at once what was written and has not been heard yet.
    func drop()

    /// Gives the device back. ``open(_:)`` may follow.
    func close()
}

extension SoundOutput {
    /// A device without a volume of its own.
    public func setVolume(_ percent: Int) -> Double { Volume.gain(percent) }

    /// A device that never breaks off.
    public func takeInterruptions() -> Int { 0 }
}
