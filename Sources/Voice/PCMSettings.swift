import CALSA
import Glibc

/// How a playback device is set up: the rate it has itself, a short buffer, and sound from the first full buffer on.
enum PCMSettings {
    /// The buffer ahead of the loudspeaker, and the pieces it is refilled in: what a box under load can be late by.
    private static let bufferMicroseconds: UInt32 = 80_000
    private static let periodMicroseconds: UInt32 = 20_000
    /// Rates that sound cards have, those first that speech at 16,000 to 24,000 loses nothing by.
    private static let usualRates: [UInt32] = [48_000, 44_100, 32_000, 96_000, 24_000, 16_000, 8_000]

    /// Sets up the open device `handle` for 16 bits in the channels wanted.
    ///
    /// - Returns: the format with the rate that it was given: the wanted one, or another that the hardware has.
    @safe static func apply(
        to handle: OpaquePointer, _ wanted: SoundFormat, on name: String
    ) throws(SoundError) -> SoundFormat {
        var made: OpaquePointer?
        try check("snd_pcm_hw_params_malloc", unsafe snd_pcm_hw_params_malloc(&made), name)
        defer { unsafe snd_pcm_hw_params_free(made) }
        guard let parameters = unsafe made else { throw SoundError("snd_pcm_hw_params_malloc", -ENOMEM, on: name) }
        try check("snd_pcm_hw_params_any", unsafe snd_pcm_hw_params_any(handle, parameters), name)
        try check(
            "snd_pcm_hw_params_set_access",
            unsafe snd_pcm_hw_params_set_access(handle, parameters, SND_PCM_ACCESS_RW_INTERLEAVED), name)
        try check(
            "snd_pcm_hw_params_set_format",
            unsafe snd_pcm_hw_params_set_format(handle, parameters, SND_PCM_FORMAT_S16), name)
        try check(
            "snd_pcm_hw_params_set_channels",
            unsafe snd_pcm_hw_params_set_channels(handle, parameters, UInt32(wanted.channels)), name)
        let rate = try setRate(handle, parameters, UInt32(wanted.sampleRate), name)
        var (buffer, period, direction) = (bufferMicroseconds, periodMicroseconds, Int32(0))
        try check(
            "snd_pcm_hw_params_set_buffer_time_near",
            unsafe snd_pcm_hw_params_set_buffer_time_near(handle, parameters, &buffer, &direction), name)
        try check(
            "snd_pcm_hw_params_set_period_time_near",
            unsafe snd_pcm_hw_params_set_period_time_near(handle, parameters, &period, &direction), name)
        try check("snd_pcm_hw_params", unsafe snd_pcm_hw_params(handle, parameters), name)
        try setStart(handle, parameters, name)
        return SoundFormat(sampleRate: Int(rate), channels: wanted.channels)
    }

    private static func check(_ call: String, _ status: Int32, _ name: String) throws(SoundError) {
        guard status >= 0 else { throw SoundError(call, status, on: name) }
    }

    /// What the open device `handle` takes by itself.
    @safe static func capabilities(of handle: OpaquePointer, on name: String) throws(SoundError) -> SoundCapabilities {
        var made: OpaquePointer?
        try check("snd_pcm_hw_params_malloc", unsafe snd_pcm_hw_params_malloc(&made), name)
        defer { unsafe snd_pcm_hw_params_free(made) }
        guard let parameters = unsafe made else { throw SoundError("snd_pcm_hw_params_malloc", -ENOMEM, on: name) }
        try check("snd_pcm_hw_params_any", unsafe snd_pcm_hw_params_any(handle, parameters), name)
        unsafe snd_pcm_hw_params_set_rate_resample(handle, parameters, 0)
        return SoundCapabilities(
            rates: usualRates.filter { unsafe snd_pcm_hw_params_test_rate(handle, parameters, $0, 0) == 0 }
                .map { Int($0) }.sorted(),
            channels: (1...2).filter {
                unsafe snd_pcm_hw_params_test_channels(handle, parameters, UInt32($0)) == 0
            }, hasSixteenBits: unsafe snd_pcm_hw_params_test_format(handle, parameters, SND_PCM_FORMAT_S16) == 0)
    }

    /// A rate of the hardware's own, so that nobody converts while it plays; ALSA's conversion where there is no such rate.
    @safe private static func setRate(
        _ handle: OpaquePointer, _ parameters: OpaquePointer, _ wanted: UInt32, _ name: String
    ) throws(SoundError) -> UInt32 {
        unsafe snd_pcm_hw_params_set_rate_resample(handle, parameters, 0)
        let own = ([wanted] + usualRates).first { unsafe snd_pcm_hw_params_test_rate(handle, parameters, $0, 0) == 0 }
        if own == nil { unsafe snd_pcm_hw_params_set_rate_resample(handle, parameters, 1) }
        let rate = own ?? wanted
        try check("snd_pcm_hw_params_set_rate", unsafe snd_pcm_hw_params_set_rate(handle, parameters, rate, 0), name)
        return rate
    }

    /// Playing begins by itself when the buffer is full for the first time, and whoever waits is woken period by period.
    @safe private static func setStart(
        _ handle: OpaquePointer, _ parameters: OpaquePointer, _ name: String
    ) throws(SoundError) {
        var (buffer, period, direction) = (snd_pcm_uframes_t(0), snd_pcm_uframes_t(0), Int32(0))
        unsafe snd_pcm_hw_params_get_buffer_size(parameters, &buffer)
        unsafe snd_pcm_hw_params_get_period_size(parameters, &period, &direction)
        var made: OpaquePointer?
        try check("snd_pcm_sw_params_malloc", unsafe snd_pcm_sw_params_malloc(&made), name)
        defer { unsafe snd_pcm_sw_params_free(made) }
        guard let software = unsafe made else { throw SoundError("snd_pcm_sw_params_malloc", -ENOMEM, on: name) }
        try check("snd_pcm_sw_params_current", unsafe snd_pcm_sw_params_current(handle, software), name)
        try check(
            "snd_pcm_sw_params_set_start_threshold",
            unsafe snd_pcm_sw_params_set_start_threshold(handle, software, buffer / max(period, 1) * max(period, 1)),
            name)
        try check(
            "snd_pcm_sw_params_set_avail_min", unsafe snd_pcm_sw_params_set_avail_min(handle, software, period), name)
        try check("snd_pcm_sw_params", unsafe snd_pcm_sw_params(handle, software), name)
    }
}
