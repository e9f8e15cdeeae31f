import Glibc

/// A file descriptor that is closed when it goes out of scope.
public struct Descriptor: ~Copyable, Sendable {
    /// Its number, for C calls; not to be kept beyond this value's life.
    public let number: Int32

    /// Takes over `number`, which nobody else closes.
    public init(adopting number: Int32) { self.number = number }

    deinit { close(number) }
}
