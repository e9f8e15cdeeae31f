/// What we ask of a reader, whatever bytes it wants to hear for it.
public enum CardOperation: String, CaseIterable, Hashable, Sendable, Codable {
    /// Give the card's UID.
    case uid
    /// Keep a key in a slot of the reader.
    case loadKey
    /// Authenticate a sector with the key in a slot.
    case authenticate
    /// Read a block.
    case read
    /// Write a block.
    case write
    /// Read several blocks of one sector in one command.
    case readBlocks
    /// Write several blocks of one sector in one command.
    case writeBlocks
    /// Authenticate with a key that comes in the command, and read data blocks of one sector.
    case readWithKey
    /// Authenticate with a key that comes in the command, and write data blocks of one sector.
    case writeWithKey
    /// Read a value block's number.
    case readValue
    /// Make a block a value block with a number.
    case storeValue
    /// Add to a value block.
    case increment
    /// Subtract from a value block.
    case decrement
    /// Copy a value block's number to another block of the sector.
    case copyValue

    /// The operation whose status words this one shares, unless a profile says otherwise.
    var kin: CardOperation {
        switch self {
        case .readBlocks, .readWithKey, .readValue: .read
        case .writeBlocks, .writeWithKey, .storeValue, .increment, .decrement, .copyValue: .write
        case .uid, .loadKey, .authenticate, .read, .write: self
        }
    }
}
