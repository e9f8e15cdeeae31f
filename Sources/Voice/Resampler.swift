import CSpeexDSP

/// Brings sound from one rate to another, by libspeexdsp.
///
/// Done once for each sound. ALSA could convert while it plays, but its own converter draws straight lines between the
/// samples, which is heard as a hiss on speech, and it would do so at every sentence.
enum Resampler {
    /// Of 0...10; beyond it the processor's time doubles, and no loudspeaker in a canteen lets it be heard.
    private static let quality: Int32 = 7

    /// `samples` at `rate` per second, as `wanted` per second.
    static func convert(_ samples: [Int16], from rate: Int, to wanted: Int) -> [Int16] {
        guard rate != wanted, !samples.isEmpty else { return samples }
        guard let state = unsafe speex_resampler_init(1, UInt32(rate), UInt32(wanted), quality, nil) else {
            return samples  // Only without memory: too low or too high a voice is understood, silence is not.
        }
        defer { unsafe speex_resampler_destroy(state) }
        unsafe speex_resampler_skip_zeros(state)
        // The filter looks ahead: what follows the last sample is silence.
        let ahead = Int(unsafe speex_resampler_get_input_latency(state))
        let input = samples + [Int16](repeating: 0, count: ahead)
        let count = (samples.count * wanted + rate - 1) / rate
        return unsafe [Int16](unsafeUninitializedCapacity: count) { output, filled in
            var (given, made) = (UInt32(input.count), UInt32(count))
            unsafe input.withUnsafeBufferPointer { input in
                _ = unsafe speex_resampler_process_int(state, 0, input.baseAddress, &given, output.baseAddress, &made)
            }
            filled = Int(made)
        }
    }
}
