import DeviceProfiles
import Health
import Mifare
import Platform
import SmartCard
import Voice

/// What a terminal does with the cards on one reader: it activates them, or lets them pay. Used on the reader's own thread.
protocol TapWork: AnyObject {
    /// A card is taken up: what is asked of it now is asked until ``finish(_:)``.
    func begin()
    /// Works on the card; called again when it was lost and lies there still.
    func handle(
        _ transport: any CardTransport, dialect: ReaderProfile, observe: @escaping (TerminalEvent) -> Void
    ) -> TapEnd
    /// What it means that the card could not even be connected to.
    func end(of error: PCSCError) -> TapEnd
    /// It ended so, as it is told to the holder.
    func finish(_ end: TapEnd)
}

/// How one tap ended, as far as telling it goes.
struct TapEnd {
    /// How it is told.
    var announcement: Announcement
    /// The holder's language, where the ledger told it.
    var language: String?
    /// What only this ending knows, for people; no account, no holder.
    var particulars: String?
    /// The card, once it told its UID.
    var uid: CardUID?
    /// APDUs that were sent.
    var apdus = 0
    /// Whether the card was lost on the way, so that it is worth looking whether it lies there still.
    var isLoss = false
    /// Whether nothing was written; what was written before is no less written when the card is lost once more.
    var isUntouched = false
}
