public import Platform

/// What the announcer did.
///
/// Every sentence asked for ends in exactly one of finished, cut, dropped and failed.
public enum AnnouncerEvent: Sendable, Hashable {
    /// The device has taken the first samples of `id`, at `at`.
    case started(PromptID, tag: UInt64, at: Instant)
    /// The last sample was heard.
    case finished(PromptID, tag: UInt64, at: Instant)
    /// A more urgent sentence, ``Announcer/silence()`` or ``Announcer/stop(deadline:)`` broke it off.
    case cut(PromptID, tag: UInt64, at: Instant)
    /// It waited, and was forgotten for a more urgent sentence before it began.
    case dropped(PromptID, tag: UInt64, at: Instant)
    /// It was not spoken, or not to its end.
    case failed(PromptID, tag: UInt64, error: PromptFailure, at: Instant)
    /// It was heard with so many breaks, because the device ran dry.
    case interrupted(PromptID, tag: UInt64, times: Int, at: Instant)
    /// The sound device cannot be used. Said once, at the start already; it is tried again at every sentence
    /// and every few seconds.
    case deviceMissing(SoundError)
    /// The sound device works again.
    case deviceBack
    /// A pack that should does not speak `id`, so the pack for `language` does. Said once for each sentence, at the start.
    case fellBack(PromptID, language: String)
    /// The catalogue's sentence `id` is in no pack, and its tone has to do. Said once for each sentence, at the start.
    case unspoken(PromptID)
}

/// Why a sentence was not spoken.
public enum PromptFailure: Error, Hashable, Sendable {
    /// No pack has a sentence of that name, and there is no tone for it.
    case noSuchSentence
    /// The device failed.
    case sound(SoundError)
}
