public import CampusCard
public import DeviceProfiles
import Mifare
public import Platform
public import SmartCard

/// Runs the handshake of one tap: identify, ask permission, write intent, write, prove, write outcome.
///
/// A straight line on the reader's own thread. Whatever happens to the card in between, the next tap here or at any
/// other kiosk finds out from the card itself where it stands and goes on from there; nothing is remembered for it.
public final class ActivationEngine {
    let layout: CardLayout
    let keys: any KeyRing
    let terminal: UInt16
    let authority: any PermitAuthority
    let journal: any ActivationJournal
    let time: any TimeSource
    let permitMilliseconds: Int64

    /// An engine for one terminal.
    ///
    /// - Parameters:
    ///   - permitMilliseconds: how long the authority may take to decide.
    public init(
        layout: CardLayout, keys: any KeyRing, terminal: UInt16, authority: any PermitAuthority,
        journal: any ActivationJournal, time: any TimeSource, permitMilliseconds: Int64 = 800
    ) {
        self.layout = layout
        self.keys = keys
        self.terminal = terminal
        self.authority = authority
        self.journal = journal
        self.time = time
        self.permitMilliseconds = permitMilliseconds
    }

    /// Does what can be done for the card behind `transport`, which stays connected throughout.
    ///
    /// - Parameter observe: called as each step is reached; must not block.
    public func handle(
        _ transport: any CardTransport, dialect: ReaderProfile, observe: @escaping (ActivationStep) -> Void = { _ in }
    ) -> ActivationReport {
        let start = time.now()
        let family = CardFamily(atr: transport.atr)
        // An ATR rules out what cannot understand us, and nothing more: readers report wrong kinds.
        guard family.mayBeClassic else {
            return ActivationReport(ending: .refused(.unknownCard), uid: nil, apdus: 0, milliseconds: 0)
        }
        let size = family.classicSize ?? .oneK
        let card = ClassicCard(
            transport: transport, dialect: dialect, writableSectors: Set(layout.ours.candidates), size: size)
        let tap = Tap(engine: self, card: card, start: start, observe: observe)
        let ending = tap.run()
        return ActivationReport(
            ending: ending, uid: tap.uid, apdus: card.apduCount, milliseconds: time.now().milliseconds(since: start))
    }
}
