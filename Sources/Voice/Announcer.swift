public import Platform

/// How a terminal speaks.
public struct SpeakingStyle: Sendable {
    /// In which of the packs' languages.
    public var languages = SpeakingLanguages.first
    /// Whether a tone comes before the words.
    public var tones = true
    /// How loud it is now, 0...100 %; `nil`: as it is, and the card's mixer is left alone.
    public var volume: @Sendable () -> Int? = { nil }

    /// In the first pack's language, with tones, as loud as the device is.
    public init() {}
}

/// Says sentences by name, on a thread of its own: asking never waits, whatever the sound device does.
///
/// Without a sound device the terminal goes on; that is reported, and tried again at every sentence and every few seconds.
public final class Announcer: Sendable {
    private let orders = Mailbox<Order>()
    private let thread: DedicatedThread
    private let time: any TimeSource
    private let catalogue: PromptCatalogue
    private let calls = DeviceCalls()

    /// What the announcer's thread is asked for.
    enum Order: Sendable {
        case say(PromptQueue.Entry)
        case silence
        case look(Instant)
        case stop(deadline: Instant)
    }

    /// Starts the announcer's thread, which opens the device at once.
    ///
    /// - Parameters:
    ///   - packs: in order of preference: a sentence that the first does not have comes from the next that does.
    ///   - catalogue: says what sentences are put together from, which tone they have, and which may be cut.
    ///   - events: called on the announcer's thread; must return quickly.
    public init(
        packs: [VoicePack], catalogue: PromptCatalogue, style: SpeakingStyle = SpeakingStyle(),
        output: any SoundOutput, time: any TimeSource, events: @escaping @Sendable (AnnouncerEvent) -> Void
    ) {
        self.time = time
        self.catalogue = catalogue
        let (orders, calls) = (self.orders, self.calls)
        let repertoire = Repertoire(packs: packs, catalogue: catalogue, languages: style.languages, tones: style.tones)
        thread = DedicatedThread(name: "yika-voice") {
            var speaker = Speaker(
                repertoire: repertoire, volume: style.volume, output: output, calls: calls, time: time, orders: orders,
                events: events)
            speaker.reportGaps()
            speaker.run()
        }
    }

    deinit {
        orders.send(.stop(deadline: time.now()))
        orders.close()
    }

    /// Asks for `utterance`.
    ///
    /// - Parameters:
    ///   - notBefore: it does not begin earlier. It holds back those queued after it, but no pre-empting ones.
    ///   - language: the holder's, where it is known.
    ///   - tag: comes back in the events, so that the asker knows his own.
    public func say(
        _ utterance: Utterance, _ rule: SpeakingRule, notBefore: Instant? = nil, language: String? = nil,
        tag: UInt64 = 0
    ) {
        orders.send(
            .say(
                PromptQueue.Entry(
                    utterance: utterance, tag: tag, rule: rule, mayBeCut: catalogue.mayBeCut(utterance.id),
                    language: language, asked: time.now(), notBefore: notBefore)))
    }

    /// Asks for the sentence `id`, as above.
    public func say(_ id: PromptID, _ rule: SpeakingRule, notBefore: Instant? = nil, tag: UInt64 = 0) {
        say(Utterance(id), rule, notBefore: notBefore, tag: tag)
    }

    /// Whether the sound device has not let go of us for so long that it may never. Nobody else waits for it.
    public var hangs: Bool { calls.hangs(time.now()) }

    /// Breaks off the sentence being spoken, and forgets those that wait, as far as they may be cut.
    public func silence() { orders.send(.silence) }

    /// Ends the announcer and closes the device.
    ///
    /// What may be cut is; what may not be is still said, without further waiting, as far as `deadline` allows.
    ///
    /// - Returns: whether the thread has ended. False means that the sound device hangs.
    @discardableResult
    public func stop(deadline: Instant) -> Bool {
        orders.send(.stop(deadline: deadline))
        orders.close()
        // The thread joins on the machine's clock, which in a simulation is not the one that `deadline` is on.
        let left = max(0, deadline.nanoseconds - time.now().nanoseconds)
        return thread.join(until: Instant(nanoseconds: SystemTime().now().nanoseconds + left))
    }
}
