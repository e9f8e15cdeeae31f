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

/// How the samples are to be played: signed 16 bits, one channel.
public struct SoundFormat: Hashable, Sendable {
    /// Samples per second.
    public let sampleRate: Int

    /// One channel of 16-bit samples at `sampleRate` per second.
    public init(sampleRate: Int) { self.sampleRate = sampleRate }
}

/// The sound seam: one device that plays mono samples.
///
/// All calls come from the announcer's thread and may block, but for no longer than a period (about 20 ms) while the
/// device is in order: between two calls the announcer looks whether it has to cut the sentence.
public protocol SoundOutput: Sendable {
    /// Makes the device ready for a new sentence in `format`: opens it if it is not open, readies it if it is.
    func open(_ format: SoundFormat) throws(SoundError)

    /// Plays `samples` after those given before; returns once the device has taken them, before they are heard.
    func write(_ samples: ArraySlice<Int16>) throws(SoundError)

    /// Waits, at most `milliseconds`, until everything written has been heard. False when it has not been by then.
    func finish(waiting milliseconds: Int) throws(SoundError) -> Bool

    /// Forgets at once what was written and has not been heard yet.
    func drop()

    /// Gives the device back. ``open(_:)`` may follow.
    func close()
}
