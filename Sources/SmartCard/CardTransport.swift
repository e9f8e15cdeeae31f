/// The card seam: one card in the field of one reader, to be spoken to with APDUs.
///
/// The real one goes through pcscd; the simulated one lives in the simulator. Both block; both are used from one thread.
public protocol CardTransport: AnyObject {
    /// The answer to reset that the reader reported when the card arrived.
    var atr: [UInt8] { get }

    /// Sends `command` and returns the whole answer, status word (SW1 SW2) last, so at least two bytes.
    ///
    /// - Throws: ``PCSCError``; when ``PCSCError/isCardGone`` the command may or may not have been carried out.
    func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8]

    /// Takes the field away and selects whatever card is there then, which need not be the same one: read its UID again.
    func reselect() throws(PCSCError)

    /// Sends `command` to the reader itself (PC/SC escape, `SCardControl`) under the driver's control `code`.
    func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8]
}
