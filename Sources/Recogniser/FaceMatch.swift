/// Whom an external recogniser believes to stand there.
public struct FaceMatch: Hashable, Sendable {
    /// The account of the person.
    public let account: UInt64
    /// How well the face fits, in thousandths: 0...1000.
    public let score: UInt16
    /// How surely it is a living face and no picture, in thousandths: 0...1000.
    public let liveness: UInt16
    /// When the picture was taken, in milliseconds since 1970-01-01 UTC.
    public let milliseconds: Int64

    /// A match with these values.
    public init(account: UInt64, score: UInt16, liveness: UInt16, milliseconds: Int64) {
        self.account = account
        self.score = score
        self.liveness = liveness
        self.milliseconds = milliseconds
    }
}
