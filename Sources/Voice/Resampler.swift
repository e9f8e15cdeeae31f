import CSpeexDSP

/// Brings one sound from its rate to the device's, by libspeexdsp, a little at a time while it is played: nobody waits for
/// its end before its beginning is heard, and no sound is in memory at two rates.
///
/// ALSA could convert too, but its own converter draws straight lines between the samples, which is heard as a hiss on
/// speech.
@safe final class Resampler {
    /// Of 0...10; beyond it the processor's time doubles, and no loudspeaker in a canteen lets it be heard.
    private static let quality: Int32 = 7
    /// The filter looks ahead: what follows the last sample is silence.
    private static let silence = [Int16](repeating: 0, count: 256)

    private let state: OpaquePointer
    private let samples: [Int16]
    private var position = 0
    /// How many samples are still to come at the new rate.
    private var left: Int

    /// `samples` at `rate` per second, to be taken as `wanted` per second. `nil` without memory.
    init?(_ samples: [Int16], from rate: Int, to wanted: Int) {
        guard let state = unsafe speex_resampler_init(1, UInt32(rate), UInt32(wanted), Self.quality, nil) else {
            return nil
        }
        unsafe self.state = state
        self.samples = samples
        left = (samples.count * wanted + rate - 1) / rate
        unsafe speex_resampler_skip_zeros(state)
    }

    deinit { unsafe speex_resampler_destroy(state) }

    /// Whether all of it was taken.
    var isAtEnd: Bool { left == 0 }

    /// Appends what comes next to `buffer`, at most `count` samples.
    func take(_ count: Int, into buffer: inout [Int16]) {
        var wanted = min(count, left)
        left -= wanted
        while wanted > 0 {
            let isOver = position == samples.count
            let input = isOver ? Self.silence[...] : samples[position...]
            var (given, made) = (UInt32(input.count), UInt32(wanted))
            let output = unsafe [Int16](unsafeUninitializedCapacity: wanted) { output, filled in
                unsafe input.withUnsafeBufferPointer { input in
                    _ = unsafe speex_resampler_process_int(
                        state, 0, input.baseAddress, &given, output.baseAddress, &made)
                }
                filled = Int(made)
            }
            guard given > 0 || made > 0 else { return left = 0 }
            buffer += output
            if !isOver { position += Int(given) }
            wanted -= Int(made)
        }
    }
}
