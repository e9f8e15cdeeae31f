public import Platform

/// Says sentences by name, on a thread of its own: asking never waits, whatever the sound device does.
///
/// Without a sound device the terminal goes on; that is reported, and tried again at every sentence.
public final class Announcer: Sendable {
    private let orders = Mailbox<Order>()
    private let thread: DedicatedThread
    private let time: any TimeSource
    private let catalogue: PromptCatalogue

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
    ///   - catalogue: says which sentences may be cut.
    ///   - events: called on the announcer's thread; must return quickly.
    public init(
        packs: [VoicePack], catalogue: PromptCatalogue, output: any SoundOutput, time: any TimeSource,
        events: @escaping @Sendable (AnnouncerEvent) -> Void
    ) {
        self.time = time
        self.catalogue = catalogue
        let orders = self.orders
        thread = DedicatedThread(name: "yika-voice") {
            var speaker = Speaker(packs: packs, output: output, time: time, orders: orders, events: events)
            speaker.reportGaps(in: catalogue)
            speaker.run()
        }
    }

    deinit {
        orders.send(.stop(deadline: time.now()))
        orders.close()
    }

    /// Asks for the sentence `id`.
    ///
    /// - Parameters:
    ///   - notBefore: it does not begin earlier. It holds back those queued after it, but no pre-empting ones.
    ///   - tag: comes back in the events, so that the asker knows his own.
    public func say(_ id: PromptID, _ rule: SpeakingRule, notBefore: Instant? = nil, tag: UInt64 = 0) {
        let mayBeCut = catalogue.mayBeCut(id)
        orders.send(.say(PromptQueue.Entry(id: id, tag: tag, rule: rule, mayBeCut: mayBeCut, notBefore: notBefore)))
    }

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
