/// The codes of complaints that no notice stands for. Once shipped, a code keeps its meaning for ever.
enum ComplaintCode {
    /// The command line is wrong.
    static let usage = "usage"
    /// Only root, or the group yika, may do this.
    static let notAllowed = "not-allowed"
    /// A file or folder that was named is not there, or cannot be read.
    static let unreadable = "unreadable"
    /// A file that was to be made is there already; nothing is written over.
    static let alreadyThere = "already-there"
    /// A file cannot be written.
    static let notWritable = "not-writable"
    /// A file that people edit does not say what is expected in it; the configuration itself is YK-C01.
    static let malformed = "malformed"

    /// The daemon has gone while it was watched; that none runs is YK-C03.
    static let noDaemon = "no-daemon"
    /// A daemon is there and does not answer.
    static let daemonSilent = "daemon-silent"
    /// The configuration gives the daemon no control socket.
    static let noControlSocket = "no-control-socket"

    /// No journal is in the folder, or it cannot be judged.
    static let journalUnreadable = "journal-unreadable"
    /// A soak cannot open, read or write its journal.
    static let soakStopped = "soak-stopped"

    /// The sound device cannot be used; as a condition it is YK-S01.
    static let noSound = "YK-S01"
    /// The sound device does not answer; as a condition it is YK-S04.
    static let soundHangs = "YK-S04"
    /// A sentence was not said to its end.
    static let notSaid = "not-said"
    /// The sound device takes sound faster than it can be heard: nothing plays it.
    static let soundUnheard = "sound-unheard"
    /// The sound breaks off or lags.
    static let soundBreaks = "sound-breaks"

    /// The reader must not or cannot be used.
    static let readerNotUsed = "YK-R04"

    /// No reader's name contains what was given.
    static let noSuchReader = "no-such-reader"
    /// Several readers could be meant.
    static let severalReaders = "several-readers"
    /// The daemon has a card in hand and does not lend the reader.
    static let readerBusy = "reader-busy"
    /// The reader, or pcscd, failed.
    static let readerFailed = "reader-failed"
    /// No card was laid down in time.
    static let noCard = "no-card"
    /// The card could not be read, or too little of it.
    static let cardFailed = "card-failed"
    /// A blank card is wanted, and this one is not.
    static let cardInUse = "card-in-use"
    /// The helper that resets readers is not installed, or does not answer.
    static let noHelper = "no-helper"
    /// The helper did not reset the reader.
    static let resetFailed = "reset-failed"
    /// A sale is under way at the till.
    static let saleUnderWay = "sale-under-way"
    /// No notice has that code.
    static let noSuchCode = "no-such-code"
}
