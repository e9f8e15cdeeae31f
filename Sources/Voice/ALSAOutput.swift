import CALSA
import Glibc
import Synchronization

/// The machine's sound through libasound: `default`, `hw:…`, or any name that the ALSA configuration defines.
public final class ALSAOutput: SoundOutput {
    /// Which volume control to use.
    public struct Control: Hashable, Sendable, Decodable {
        /// The mixer's ALSA name; `nil`: that of the device's card.
        public var device: String?
        /// The control's name; `nil`: the most general one.
        public var control: String?

        /// The control that belongs to the device.
        public init() {}
    }

    /// The ALSA name of the device.
    public let device: String
    /// `nil`: the samples are made quieter instead.
    private let control: Control?
    private let current = Mutex<PCMDevice?>(nil)

    /// The device named `device`; nothing is opened yet.
    public init(device: String = "default", control: Control? = Control()) {
        self.device = device
        self.control = control
        yika_alsa_quiet()
    }

    /// What the device takes by itself; it must not be open.
    public func capabilities() throws(SoundError) -> SoundCapabilities { try PCMDevice.capabilities(of: device) }

    /// Opens the device, or readies the one that is open for the next sentence.
    public func open(_ format: SoundFormat) throws(SoundError) -> SoundFormat {
        try current.withLock { (pcm: inout sending PCMDevice?) throws(SoundError) -> SoundFormat in
            // A handle kept since the last sentence may be to a USB device that has come back as another one since.
            if let taken = pcm?.taken, pcm?.wanted == format, pcm?.prepare() == true { return taken }
            // A card can often be opened only once, so the old handle goes first.
            pcm = nil
            let opened = try PCMDevice.open(device, format)
            let taken = opened.taken
            pcm = consume opened
            return taken
        }
    }

    /// Sets the card's mixer as far as it has one; the rest is for the samples.
    public func setVolume(_ percent: Int) -> Double {
        guard let control else { return Volume.gain(percent) }
        let card = current.withLock { (pcm: inout sending PCMDevice?) in pcm?.card }
        let mixer = Mixer(device: control.device ?? card ?? device, control: control.control)
        return mixer.set(percent) ?? Volume.gain(percent)
    }

    /// Plays `samples` after those given before; waits for room in the buffer of 80 ms.
    public func write(_ samples: ArraySlice<Int16>) throws(SoundError) {
        try current.withLock { (pcm: inout sending PCMDevice?) throws(SoundError) in
            guard try pcm?.write(samples) != nil else { throw SoundError("snd_pcm_writei", -EBADFD, on: device) }
        }
    }

    /// Waits, at most `milliseconds`, until everything written has been heard.
    public func finish(waiting milliseconds: Int) throws(SoundError) -> Bool {
        try current.withLock { (pcm: inout sending PCMDevice?) throws(SoundError) -> Bool in
            try pcm?.finish(waiting: milliseconds) ?? true
        }
    }

    /// How often the device ran dry, or slept, since the last call.
    public func takeInterruptions() -> Int {
        current.withLock { (pcm: inout sending PCMDevice?) in pcm?.takeInterruptions() ?? 0 }
    }

    /// Forgets at once what is still in the buffer.
    public func drop() {
        current.withLock { (pcm: inout sending PCMDevice?) in
            pcm?.drop()
        }
    }

    /// Closes the device; a capture by the `file` plugin is complete only now.
    public func close() {
        current.withLock { (pcm: inout sending PCMDevice?) in
            pcm = nil
        }
    }
}
