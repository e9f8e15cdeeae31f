public import Health
import Sync

/// What keeps a terminal from its ledger, found out by asking it once, in the words in which the daemon would say it.
public struct LedgerTrouble: Sendable, Hashable {
    /// Which condition it is.
    public let notice: Notice
    /// The particulars.
    public let detail: String

    /// That condition, with these particulars.
    public init(notice: Notice, detail: String) {
        self.notice = notice
        self.detail = detail
    }

    /// Asks the ledger of `configuration` whether it serves; `nil`: it does.
    public static func find(_ configuration: Configuration) -> LedgerTrouble? {
        let client = CurlLedgerClient(settings: .init(configuration))
        do throws(LedgerClientError) {
            _ = try client.status()
            return nil
        } catch {
            return LedgerTrouble(notice: error.notice, detail: error.description)
        }
    }
}
