import Platform
import Synchronization

/// Since when the announcer's thread is inside a call of the sound device, for others to see that it hangs.
final class DeviceCalls: Sendable {
    /// Nanoseconds of the clock; 0: not in a call.
    private let since = Atomic<Int64>(0)
    /// A device that is in order lets go within a buffer; one that has stalled is given up by us after a second.
    private static let patienceMilliseconds: Int64 = 3_000

    /// Makes a call of the device.
    func making<Value>(
        at now: Instant, _ call: () throws(SoundError) -> Value
    ) throws(SoundError) -> Value {
        since.store(max(1, now.nanoseconds), ordering: .relaxed)
        defer { since.store(0, ordering: .relaxed) }
        return try call()
    }

    /// Whether a call has not returned for so long that it may never.
    func hangs(_ now: Instant) -> Bool {
        let since = since.load(ordering: .relaxed)
        return since != 0 && now.milliseconds(since: Instant(nanoseconds: since)) > Self.patienceMilliseconds
    }
}
