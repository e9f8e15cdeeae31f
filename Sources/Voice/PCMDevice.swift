import CALSA
import Glibc

/// One open playback handle of libasound; closed when it goes out of scope.
@safe struct PCMDevice: ~Copyable {
    /// The period we write and cut by, and the buffer ahead of the loudspeaker: four of them.
    static let periodMilliseconds = 20
    private static let bufferMicroseconds: UInt32 = 80_000
    /// A device that takes no sample for this long has hung: four buffers would do, a laden box gets more.
    private static let stallMilliseconds: Int32 = 1_000

    let name: String
    let format: SoundFormat
    private let handle: OpaquePointer

    /// Opens the device `name`; one that has no mono or not this rate is opened once more behind ALSA's converter.
    static func open(_ name: String, _ format: SoundFormat) throws(SoundError) -> PCMDevice {
        do {
            return try configured(unsafe PCMDevice(name, format, handle: try handle(opening: name, as: name)))
        } catch {
            guard error.call == "snd_pcm_set_params", !name.contains("'") else { throw error }
        }
        let converter = "plug:'\(name)'"
        return try configured(unsafe PCMDevice(name, format, handle: try handle(opening: converter, as: name)))
    }

    private init(_ name: String, _ format: SoundFormat, handle: OpaquePointer) {
        self.name = name
        self.format = format
        unsafe self.handle = handle
    }

    private static func configured(_ device: consuming PCMDevice) throws(SoundError) -> PCMDevice {
        let status = unsafe snd_pcm_set_params(
            device.handle, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1, UInt32(device.format.sampleRate), 1,
            bufferMicroseconds)
        guard status == 0 else { throw SoundError("snd_pcm_set_params", status, on: device.name) }
        return device
    }

    private static func handle(opening definition: String, as name: String) throws(SoundError) -> OpaquePointer {
        var opened: OpaquePointer?
        // Without NONBLOCK, opening a device that somebody else holds waits until he lets go of it.
        let status = unsafe snd_pcm_open(&opened, definition, SND_PCM_STREAM_PLAYBACK, Int32(SND_PCM_NONBLOCK))
        guard status == 0, let handle = unsafe opened else { throw SoundError("snd_pcm_open", status, on: name) }
        return unsafe handle
    }

    deinit { unsafe snd_pcm_close(handle) }

    /// Readies the device for a new sentence, whatever state the last one left it in; false when it is no more.
    func prepare() -> Bool { unsafe snd_pcm_prepare(handle) == 0 }

    func write(_ samples: ArraySlice<Int16>) throws(SoundError) {
        var position = samples.startIndex
        var recoveries = 0
        while position < samples.endIndex {
            let rest = samples[position...]
            let taken = unsafe rest.withUnsafeBufferPointer { buffer in
                unsafe snd_pcm_writei(handle, buffer.baseAddress, snd_pcm_uframes_t(buffer.count))
            }
            if taken > 0 {
                position += min(taken, rest.count)
            } else if taken == 0 || taken == -Int(EAGAIN) {
                try waitForRoom()
            } else {
                recoveries += 1
                try recover(from: Int32(truncatingIfNeeded: taken), in: "snd_pcm_writei", attempt: recoveries)
            }
        }
    }

    /// Waits until everything was heard, at most `milliseconds`.
    func finish(waiting milliseconds: Int) throws(SoundError) -> Bool {
        switch unsafe snd_pcm_state(handle) {
        case SND_PCM_STATE_PREPARED:
            // Shorter than the buffer: it has not begun by itself.
            let status = unsafe snd_pcm_start(handle)
            guard status == 0 else { throw SoundError("snd_pcm_start", status, on: name) }
        case SND_PCM_STATE_RUNNING, SND_PCM_STATE_DRAINING: break
        case SND_PCM_STATE_DISCONNECTED: throw SoundError("snd_pcm_state", -ENODEV, on: name)
        default: return true  // Run dry: the device played everything it had.
        }
        var delay: snd_pcm_sframes_t = 0
        let status = unsafe snd_pcm_delay(handle, &delay)
        if status == -EPIPE || (status == 0 && delay <= 0) { return true }
        guard status == 0 else { throw SoundError("snd_pcm_delay", status, on: name) }
        let left = (delay * 1_000 + format.sampleRate - 1) / format.sampleRate
        usleep(UInt32(max(1, min(left, milliseconds)) * 1_000))
        return false
    }

    /// Stops at once.
    ///
    /// Its failure changes nothing: the device is prepared anew, or closed, next.
    func drop() { _ = unsafe snd_pcm_drop(handle) }

    private func waitForRoom() throws(SoundError) {
        let ready = unsafe snd_pcm_wait(handle, Self.stallMilliseconds)
        if ready == 0 { throw SoundError("snd_pcm_wait", -ETIMEDOUT, on: name) }
        if ready < 0 { try recover(from: ready, in: "snd_pcm_wait", attempt: 1) }
    }

    /// Goes on after an underrun (EPIPE) or a suspend (ESTRPIPE); anything else, or the third in a row, is an error.
    private func recover(from status: Int32, in call: String, attempt: Int) throws(SoundError) {
        let recovered = attempt < 3 ? unsafe snd_pcm_recover(handle, status, 1) : status
        guard recovered == 0 else { throw SoundError(call, recovered, on: name) }
    }
}

extension SoundError {
    /// The return code `status` of `call`, in libasound's own words.
    init(_ call: String, _ status: Int32, on device: String) {
        let text = unsafe snd_strerror(status).map { text in unsafe String(cString: text) }
        self.init(call: call, code: status, meaning: text ?? "error \(status)", device: device)
    }
}
