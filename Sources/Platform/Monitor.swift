import CLinux
import Glibc

/// A mutex, and waiting for what it guards to change: the base of ``Mailbox``, ``Signal`` and ``Answer``.
///
/// The standard library has a mutex but nothing to wait on, and its tasks may not block: these threads may. Waiters
/// sleep on a semaphore and not on a condition: a lone append hands over twice, and a condition, whose waiters take the
/// mutex again under the one who wakes them, measured twice as dear.
@safe final class Monitor: @unchecked Sendable {
    @safe private struct Parts {
        var mutex = unsafe pthread_mutex_t()
        var wakes = sem_t()
        /// Threads that have begun to wait and for which no wake was posted yet; guarded by the mutex.
        var waiting = 0
    }

    private let parts = UnsafeMutablePointer<Parts>.allocate(capacity: 1)

    init() {
        unsafe parts.initialize(to: Parts())
        unsafe pthread_mutex_init(&parts.pointee.mutex, nil)
        unsafe sem_init(&parts.pointee.wakes, 0, 0)
    }

    deinit {
        unsafe sem_destroy(&parts.pointee.wakes)
        unsafe pthread_mutex_destroy(&parts.pointee.mutex)
        unsafe parts.deallocate()
    }

    func locked<R>(_ body: () -> R) -> R {
        unsafe pthread_mutex_lock(&parts.pointee.mutex)
        defer { unsafe pthread_mutex_unlock(&parts.pointee.mutex) }
        return body()
    }

    /// Changes what waiters look at, then wakes them all, once the mutex is free for them.
    func changing<R>(_ body: () -> R) -> R {
        var sleepers = 0
        let result = locked {
            unsafe swap(&sleepers, &parts.pointee.waiting)
            return body()
        }
        for _ in 0..<sleepers { unsafe sem_post(&parts.pointee.wakes) }
        return result
    }

    /// Called with the mutex held, when what is waited for is not there: the same for all waiters of one monitor, since
    /// a wake is for whoever takes it. False when `deadline` passed.
    func wait(until deadline: Instant?) -> Bool {
        unsafe parts.pointee.waiting += 1
        unsafe pthread_mutex_unlock(&parts.pointee.mutex)
        let woken = sleep(until: deadline)
        unsafe pthread_mutex_lock(&parts.pointee.mutex)
        if woken { return true }
        if unsafe parts.pointee.waiting > 0 {
            unsafe parts.pointee.waiting -= 1
            return false
        }
        // Somebody counted this thread just then: the wake is on its way and must not be left for a later wait.
        return sleep(until: nil)
    }

    private func sleep(until deadline: Instant?) -> Bool {
        while true {
            let status: Int32
            if let deadline {
                // Semaphores cannot wait on CLOCK_BOOTTIME; the clocks differ only by time spent suspended.
                let left = deadline.nanoseconds - SystemTime().now().nanoseconds
                guard left > 0 else { return false }
                status = unsafe yika_semaphore_wait(&parts.pointee.wakes, left)
            } else {
                status = unsafe sem_wait(&parts.pointee.wakes)
            }
            if status == 0 { return true }
            if errno == ETIMEDOUT { return false }
            // A signal handler ran: go on waiting.
            precondition(errno == EINTR, "waiting on a semaphore failed: \(errno)")
        }
    }
}
