/// Why the journal cannot be opened, read or written.
public enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The directory is not there: wrong configuration, or its disk is not mounted.
    case missingDirectory(StorageError)
    /// The directory or its disk may not be written.
    case readOnly(StorageError)
    /// Another process has this journal open.
    case locked
    /// The file belongs to another terminal's journal.
    case otherTerminal(file: String, found: UInt16, expected: UInt16)
    /// The file is of a format that this program does not know: a newer program wrote it.
    case unknownFormat(file: String, version: Int)
    /// The file was written under another chain key.
    case wrongKey(file: String)
    /// There is no `head` that holds the present keys, and no root key to make it from.
    case keyMissing
    /// Segments of several epochs lie in the directory.
    case mixedEpochs([UInt32])
    /// The directory holds the journal of another epoch than the one that was asked for.
    case otherEpoch(found: UInt32, expected: UInt32)
    /// The file has a segment's name, or is a cursor or head, but tells of a place billions of records after the others: it
    /// does not belong here.
    case strayFile(String)
    /// The disk failed; nothing was promised.
    case storage(StorageError)
    /// A write or sync failed earlier: what is on the disk is unknown until the journal is opened anew.
    case poisoned(StorageError)
    /// There is no room for another record, nor for a new segment.
    case full(StorageError)
    /// The payload has more bytes than a slot holds.
    case payloadTooLong(Int)
    /// The record of this sequence was sound when the journal was opened and is damaged now.
    case damaged(UInt64)
    /// An acknowledgement names a record that was never written.
    case acknowledgedBeyondEnd(acknowledged: UInt64, last: UInt64)
    /// The journal was closed.
    case closed

    /// The failure of a call while opening, with the causes that a technician can remedy told apart.
    init(opening error: StorageError) {
        self = error.isReadOnly ? .readOnly(error) : .storage(error)
    }

    /// What it is, in words for a technician.
    public var description: String {
        switch self {
        case .missingDirectory(let error): "journal directory missing: \(error)"
        case .readOnly(let error): "journal cannot be written: \(error)"
        case .locked: "another process has the journal open"
        case .otherTerminal(let file, let found, let expected):
            "\(file) belongs to terminal \(found), this is terminal \(expected)"
        case .unknownFormat(let file, let version): "\(file) has format \(version), which this program does not know"
        case .wrongKey(let file): "\(file) was written under another chain key"
        case .keyMissing:
            "the journal has no readable head: it takes the terminal's journal key from the ledger to begin or go on"
        case .mixedEpochs(let epochs): "segments of epochs \(epochs) lie in one directory"
        case .otherEpoch(let found, let expected):
            "this is the journal of epoch \(found), not \(expected): set the epoch back, or move the journal's directory "
                + "aside for the card centre and begin another"
        case .strayFile(let file):
            "\(file) does not belong to this journal: move it to another folder, do not delete it"
        case .storage(let error): "journal: \(error)"
        case .poisoned(let error): "journal stopped after a failed write: \(error)"
        case .full(let error): "journal is full: \(error)"
        case .payloadTooLong(let count): "payload of \(count) bytes does not fit a slot"
        case .damaged(let sequence): "record \(sequence) is damaged"
        case .acknowledgedBeyondEnd(let acknowledged, let last):
            "record \(acknowledged) acknowledged, but \(last) is the last written"
        case .closed: "journal is closed"
        }
    }
}
