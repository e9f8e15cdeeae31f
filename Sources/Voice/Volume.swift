import Glibc

/// What a volume in percent means: the cube of it, which ears take for even steps.
///
/// 50 % is −18 dB, as on the bar of `alsamixer` (alsa-utils, volume_mapping.c: 60 dB for every tenfold).
enum Volume {
    /// What samples are multiplied by.
    static func gain(_ percent: Int) -> Double {
        let part = Double(min(max(percent, 0), 100)) / 100
        return part * part * part
    }

    /// The same in decibels; −infinity for 0.
    static func decibels(_ percent: Int) -> Double { 20 * log10(gain(percent)) }

    /// `samples` made quieter. Rounded, so that silence stays silence.
    static func apply(_ gain: Double, to samples: inout [Int16]) {
        guard gain < 1 else { return }
        for index in samples.indices { samples[index] = Int16((Double(samples[index]) * gain).rounded()) }
    }
}
