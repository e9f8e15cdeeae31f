/// Reads the one kind of sound file that voice packs hold: RIFF/WAVE, PCM, 16 bits, one channel.
struct WAV: Hashable, Sendable {
    /// Samples per second.
    var sampleRate: Int
    var samples: [Int16]

    /// What is wrong with a file: where, and what was expected there.
    struct Problem: Error, Hashable {
        /// The place, in the format's own words: `RIFF`, `fmt.channels`, `data`.
        let path: String
        let expected: String
    }

    /// What a loudspeaker at a counter can use, and what any sound card or ALSA's converter takes.
    static let rates = 8_000...48_000

    init(sampleRate: Int, samples: [Int16]) {
        self.sampleRate = sampleRate
        self.samples = samples
    }

    /// Takes `bytes` apart; no input traps, and chunks it does not know are passed over.
    init(_ bytes: [UInt8]) throws(Problem) {
        guard bytes.count >= 12, bytes.starts(with: Array("RIFF".utf8)),
            bytes[8..<12].elementsEqual("WAVE".utf8)
        else { throw Problem(path: "RIFF", expected: "a RIFF/WAVE header of 12 bytes") }
        var rate: Int?
        var position = 12
        while position + 8 <= bytes.count {
            let name = bytes[position..<position + 4]
            let size = Self.number(bytes, at: position + 4, bytes: 4)
            let content = position + 8
            let end = content + size
            if name.elementsEqual("fmt ".utf8) {
                guard end <= bytes.count else {
                    throw Problem(path: "fmt", expected: "\(size) bytes, as its size says")
                }
                rate = try Self.format(bytes[content..<end])
            } else if name.elementsEqual("data".utf8) {
                guard let rate else { throw Problem(path: "fmt", expected: "a format before the samples") }
                guard end <= bytes.count, size % 2 == 0 else {
                    throw Problem(path: "data", expected: "whole samples, \(size) bytes of them; cut short?")
                }
                self.init(sampleRate: rate, samples: Self.samples(bytes[content..<end]))
                return
            }
            position = end + size % 2  // Chunks are padded to even length.
        }
        throw Problem(path: "data", expected: "a data chunk; cut short?")
    }

    private static func format(_ chunk: ArraySlice<UInt8>) throws(Problem) -> Int {
        let bytes = Array(chunk)
        guard bytes.count >= 16 else { throw Problem(path: "fmt", expected: "at least 16 bytes") }
        func field(_ name: String, at offset: Int, is wanted: Int) throws(Problem) {
            let value = number(bytes, at: offset, bytes: 2)
            guard value == wanted else { throw Problem(path: "fmt.\(name)", expected: "\(wanted), not \(value)") }
        }
        try field("format", at: 0, is: 1)
        try field("channels", at: 2, is: 1)
        try field("blockAlign", at: 12, is: 2)
        try field("bitsPerSample", at: 14, is: 16)
        let rate = number(bytes, at: 4, bytes: 4)
        guard rates.contains(rate) else {
            let range = "\(rates.lowerBound) to \(rates.upperBound)"
            throw Problem(path: "fmt.sampleRate", expected: "\(range) per second, not \(rate)")
        }
        return rate
    }

    private static func samples(_ chunk: ArraySlice<UInt8>) -> [Int16] {
        unsafe [Int16](unsafeUninitializedCapacity: chunk.count / 2) { samples, count in
            unsafe UnsafeMutableRawBufferPointer(samples).copyBytes(from: chunk)
            for index in samples.indices { unsafe samples[index] = Int16(littleEndian: samples[index]) }
            count = chunk.count / 2
        }
    }

    /// The little-endian number of `count` bytes at `offset`; the caller has checked that they are there.
    private static func number(_ bytes: [UInt8], at offset: Int, bytes count: Int) -> Int {
        (0..<count).reduce(0) { value, index in value | Int(bytes[offset + index]) << (8 * index) }
    }
}
