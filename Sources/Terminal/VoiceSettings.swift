import Voice

/// A time of day as people write it: `21:30`.
public struct ClockTime: Sendable, Hashable, Decodable {
    /// Minutes since midnight, 0...1,439.
    public let minute: Int

    /// Reads `text`; `nil` when it is no time of day.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy(\.isASCII) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), (0..<24).contains(hour), (0..<60).contains(minute)
        else { return nil }
        self.minute = hour * 60 + minute
    }

    /// Reads a text such as `21:30`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let time = ClockTime(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a time of day such as \"21:30\"")
        }
        self = time
    }
}

extension Configuration.Voice {
    /// How loud it is at `minute` since midnight; `nil`: as the device is.
    func volume(at minute: Int) -> Int? {
        guard let night, night.from != night.to else { return volume }
        let (from, to) = (night.from.minute, night.to.minute)
        let isNight = from < to ? (from..<to).contains(minute) : minute >= from || minute < to
        return isNight ? night.volume : volume
    }

    /// How the announcer is to speak; `minute` tells the campus's time of day.
    func style(minute: @escaping @Sendable () -> Int) -> SpeakingStyle {
        var style = SpeakingStyle()
        style.languages = speak ?? .first
        style.tones = tones ?? true
        style.volume = { [self] in volume(at: minute()) }
        return style
    }
}
