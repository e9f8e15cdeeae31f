import CALSA
import Glibc

/// One open playback handle of libasound; closed when it goes out of scope.
@safe struct PCMDevice: ~Copyable {
    /// A device that takes no sample for this long has hung: four buffers would do, a laden box gets more.
    private static let stallMilliseconds: Int32 = 1_000
    private static let resumePauseMilliseconds: Int32 = 20

    let name: String
    /// What was asked for, and what the device takes.
    let wanted, taken: SoundFormat
    private let handle: OpaquePointer
    private var interruptions = 0

    /// Opens the device `name`; one that takes no plain mono samples is opened once more behind ALSA's converter.
    static func open(_ name: String, _ wanted: SoundFormat) throws(SoundError) -> PCMDevice {
        do {
            return try PCMDevice(name, opening: name, wanted)
        } catch {
            guard error.call != "snd_pcm_open", !name.contains("'") else { throw error }
        }
        return try PCMDevice(name, opening: "plug:'\(name)'", wanted)
    }

    /// What the device `name` takes; it is opened for the question.
    static func capabilities(of name: String) throws(SoundError) -> SoundCapabilities {
        let handle = unsafe try handle(opening: name, as: name)
        defer { unsafe snd_pcm_close(handle) }
        return try PCMSettings.capabilities(of: handle, on: name)
    }

    private init(_ name: String, opening definition: String, _ wanted: SoundFormat) throws(SoundError) {
        let handle = unsafe try Self.handle(opening: definition, as: name)
        do throws(SoundError) {
            taken = try PCMSettings.apply(to: handle, wanted, on: name)
        } catch {
            unsafe snd_pcm_close(handle)
            throw error
        }
        (self.name, self.wanted) = (name, wanted)
        unsafe self.handle = unsafe handle
    }

    /// The ALSA name of the card behind it; `nil` where there is none, as with a sound server.
    var card: String? {
        var info: OpaquePointer?
        guard unsafe snd_pcm_info_malloc(&info) == 0 else { return nil }
        defer { unsafe snd_pcm_info_free(info) }
        guard unsafe snd_pcm_info(handle, info) == 0 else { return nil }
        let card = unsafe snd_pcm_info_get_card(info)
        return card >= 0 ? "hw:\(card)" : nil
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

    mutating func write(_ samples: ArraySlice<Int16>) throws(SoundError) {
        var position = samples.startIndex
        var recoveries = 0
        while position < samples.endIndex {
            let rest = samples[position...]
            let written = unsafe rest.withUnsafeBufferPointer { buffer in
                let frames = snd_pcm_uframes_t(buffer.count / taken.channels)
                return unsafe snd_pcm_writei(handle, buffer.baseAddress, frames)
            }
            if written > 0 {
                position += min(written * taken.channels, rest.count)
            } else if written == 0 || written == -Int(EAGAIN) {
                try waitForRoom()
            } else {
                recoveries += 1
                try recover(from: Int32(truncatingIfNeeded: written), in: "snd_pcm_writei", attempt: recoveries)
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
        let left = (delay * 1_000 + taken.sampleRate - 1) / taken.sampleRate
        usleep(UInt32(max(1, min(left, milliseconds)) * 1_000))
        return false
    }

    /// Stops at once.
    ///
    /// Its failure changes nothing: the device is prepared anew, or closed, next.
    func drop() { _ = unsafe snd_pcm_drop(handle) }

    /// How often it ran dry or slept since the last call.
    mutating func takeInterruptions() -> Int {
        defer { interruptions = 0 }
        return interruptions
    }

    private mutating func waitForRoom() throws(SoundError) {
        let ready = unsafe snd_pcm_wait(handle, Self.stallMilliseconds)
        if ready == 0 { throw SoundError("snd_pcm_wait", -ETIMEDOUT, on: name) }
        if ready < 0 { try recover(from: ready, in: "snd_pcm_wait", attempt: 1) }
    }

    /// Goes on after an underrun (EPIPE) or a suspend (ESTRPIPE); anything else, or the third in a row, is an error.
    ///
    /// Not by `snd_pcm_recover`, which waits for a suspended device for ever.
    private mutating func recover(from status: Int32, in call: String, attempt: Int) throws(SoundError) {
        guard attempt < 3, status == -EPIPE || status == -ESTRPIPE else { throw SoundError(call, status, on: name) }
        interruptions += 1
        if status == -ESTRPIPE, resume() { return }
        let prepared = unsafe snd_pcm_prepare(handle)
        guard prepared == 0 else { throw SoundError(call, prepared, on: name) }
    }

    /// Wakes a device that the machine's sleep has suspended. False when it cannot go on where it was.
    private func resume() -> Bool {
        for _ in 0..<Self.stallMilliseconds / Self.resumePauseMilliseconds {
            let status = unsafe snd_pcm_resume(handle)
            if status != -EAGAIN { return status == 0 }
            usleep(UInt32(Self.resumePauseMilliseconds) * 1_000)
        }
        return false
    }
}

extension SoundError {
    /// The return code `status` of `call`, in libasound's own words.
    init(_ call: String, _ status: Int32, on device: String) {
        let text = unsafe snd_strerror(status).map { text in unsafe String(cString: text) }
        self.init(call: call, code: status, meaning: text ?? "error \(status)", device: device)
    }
}
