import CALSA
import Glibc
import Synchronization

/// The machine's sound through libasound: `default`, `hw:…`, or any name that the ALSA configuration defines.
public final class ALSAOutput: SoundOutput {
    /// The ALSA name of the device.
    public let device: String
    private let current = Mutex<PCMDevice?>(nil)

    /// The device named `device`; nothing is opened yet.
    public init(device: String = "default") {
        self.device = device
        yika_alsa_quiet()
    }

    /// Opens the device, or readies the one that is open for the next sentence.
    public func open(_ format: SoundFormat) throws(SoundError) {
        try current.withLock { (pcm: inout sending PCMDevice?) throws(SoundError) in
            // A handle kept since the last sentence may be to a USB device that has come back as another one since.
            if pcm?.format == format, pcm?.prepare() == true { return }
            // A card can often be opened only once, so the old handle goes first.
            pcm = nil
            pcm = try PCMDevice.open(device, format)
        }
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
