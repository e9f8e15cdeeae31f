import CEBUR128

/// How loud sound is to an ear, by libebur128.
enum Loudness {
    /// The measure's block is 0.4 s: what is shorter is repeated until there is one.
    private static let leastMilliseconds = 500

    /// The integrated loudness of one channel in LUFS (EBU R 128); `nil` for silence.
    static func of(_ samples: [Int16], rate: Int) -> Double? {
        guard !samples.isEmpty else { return nil }
        let least = rate * leastMilliseconds / 1_000
        let times = samples.count < least ? (least + samples.count - 1) / samples.count : 1
        var state = unsafe ebur128_init(1, UInt(rate), Int32(EBUR128_MODE_I.rawValue))
        guard unsafe state != nil else { return nil }
        defer { unsafe ebur128_destroy(&state) }
        for _ in 0..<times {
            let status = unsafe samples.withUnsafeBufferPointer { buffer in
                unsafe ebur128_add_frames_short(state, buffer.baseAddress, buffer.count)
            }
            guard status == Int32(EBUR128_SUCCESS.rawValue) else { return nil }
        }
        var loudness = 0.0
        let status = unsafe ebur128_loudness_global(state, &loudness)
        return status == Int32(EBUR128_SUCCESS.rawValue) && loudness.isFinite ? loudness : nil
    }
}
