import CLinux

/// What glibc's allocator keeps of memory that nobody uses any more.
public enum ProcessMemory {
    /// Blocks from this size on come from the kernel one by one and go back to it when they are freed: what files are read
    /// into, and what feeds are unpacked into. By itself glibc would raise this with the first of them, and keep the next.
    private static let single: Int32 = 64 << 10

    /// Makes the allocator keep little, for a process that is idle most of the day. Call before the second thread starts.
    ///
    /// One heap serves all threads: glibc would give each its own, and what one frees would be of no use to another.
    public static func keepLittle() {
        _ = mallopt(M_ARENA_MAX, 1)
        _ = mallopt(M_MMAP_THRESHOLD, single)
        _ = mallopt(M_TRIM_THRESHOLD, single)
    }

    /// Gives what is free back to the kernel, also from between what is in use. Takes under a millisecond.
    public static func giveBack() { _ = malloc_trim(0) }
}
