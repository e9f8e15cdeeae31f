/// What came of a scan.
public enum ScanOutcome: Hashable, Sendable {
    /// A whole code.
    case code(Scan)
    /// Text that stopped in the middle: a cable, a code that slid away, or a scanner that is not set up to end its codes.
    ///
    /// For the last one's sake it holds what came: a payment code whose signatures hold is whole, whatever ended it.
    case incomplete(Scan)
    /// Bytes that are no text, or keys that type nothing: noise on the line, or a code of another kind.
    case garbled
    /// More than ``ScanAssembler/longest`` characters without an end; they are dropped up to the next end.
    case tooLong
    /// More scans in a second than ``ScanAssembler/mostASecond``; the rest of that second's is dropped.
    case flood
}
