/// What happens at the readers.
public enum ReaderEvent: Sendable, Hashable {
    /// pcscd cannot be reached; the monitor keeps trying.
    case serviceUnavailable(PCSCError)
    /// pcscd answers (again).
    case serviceAvailable
    /// pcscd answers (again), and knows of no reader.
    case noReaders
    /// A reader is there, by its pcscd name.
    case readerAttached(String)
    /// A reader is gone, and any card on it.
    case readerDetached(String)
    /// A card was laid on `reader` and answered a reset with `atr`.
    case cardInserted(reader: String, atr: [UInt8])
    /// A card was laid on `reader` that does not answer.
    case cardMute(reader: String)
    /// The card on `reader` is gone.
    case cardRemoved(reader: String)
}
