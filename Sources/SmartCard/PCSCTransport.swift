import CPCSC

/// A card behind pcscd, held exclusively from connect to the end of its life.
///
/// Not to be shared between threads; give each reader a thread of its own with a context of its own.
public final class PCSCTransport: CardTransport {
    private let context: PCSCContext
    private let card: SCARDHANDLE
    private var activeProtocol: DWORD
    /// As pcscd reported it at connect.
    public let atr: [UInt8]

    /// The longest answer to a short APDU with its status word (ISO 7816-4: 256 + 2), as all of ours are.
    private static let longestAnswer = 258

    /// Connects to the card in `reader`. The corresponding C function is `SCardConnect`.
    ///
    /// Exclusive, because another program's command in between would end our authentication unseen.
    ///
    /// - Parameter atr: the ATR, when it is known from the card's arrival; else pcscd is asked.
    /// - Throws: ``PCSCError``: `unresponsiveCard` for a mute card, `noSmartcard` when it left already,
    ///   `sharingViolation` when another program holds it.
    public init(reader: String, atr known: [UInt8]? = nil) throws(PCSCError) {
        let context = try PCSCContext()
        var card: SCARDHANDLE = 0
        var chosen: DWORD = 0
        try check(
            "SCardConnect",
            unsafe SCardConnect(
                context.handle, reader, DWORD(SCARD_SHARE_EXCLUSIVE), DWORD(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1),
                &card, &chosen))
        do throws(PCSCError) {
            if let known { atr = known } else { atr = try Self.readATR(of: card) }
        } catch {
            SCardDisconnect(card, DWORD(SCARD_LEAVE_CARD))
            throw error
        }
        self.context = context
        self.card = card
        activeProtocol = chosen
    }

    /// Takes the power from whatever lies on `reader`, and with it the field: the next connection begins from nothing.
    ///
    /// - Throws: ``PCSCError`` when there is nobody to connect to, or somebody else has the card.
    public static func unpower(_ reader: String) throws(PCSCError) {
        let context = try PCSCContext()
        var card: SCARDHANDLE = 0
        var chosen: DWORD = 0
        try check(
            "SCardConnect",
            unsafe SCardConnect(context.handle, reader, DWORD(SCARD_SHARE_DIRECT), 0, &card, &chosen))
        try check("SCardDisconnect", SCardDisconnect(card, DWORD(SCARD_UNPOWER_CARD)))
    }

    // The card stays powered: taking its power here makes some readers announce the same card a second time.
    deinit { SCardDisconnect(card, DWORD(SCARD_LEAVE_CARD)) }

    /// The corresponding C function is `SCardTransmit`.
    public func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        var pci = SCARD_IO_REQUEST(dwProtocol: activeProtocol, cbPciLength: DWORD(MemoryLayout<SCARD_IO_REQUEST>.size))
        var answer = [UInt8](repeating: 0, count: Self.longestAnswer)
        var length = DWORD(answer.count)
        try check(
            "SCardTransmit", unsafe SCardTransmit(card, &pci, command, DWORD(command.count), nil, &answer, &length))
        // An answer without a status word is no answer: the driver lost the card without noticing.
        guard length >= 2 else { throw PCSCError(call: "SCardTransmit", code: .notTransacted) }
        return Array(answer.prefix(Int(length)))
    }

    /// The corresponding C function is `SCardReconnect`, with a reset.
    public func reselect() throws(PCSCError) {
        try check(
            "SCardReconnect",
            unsafe SCardReconnect(
                card, DWORD(SCARD_SHARE_EXCLUSIVE), DWORD(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1),
                DWORD(SCARD_RESET_CARD), &activeProtocol))
    }

    /// The corresponding C function is `SCardControl`.
    public func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        var answer = [UInt8](repeating: 0, count: Self.longestAnswer)
        var length: DWORD = 0
        try check(
            "SCardControl",
            unsafe SCardControl(
                card, DWORD(code), command, DWORD(command.count), &answer, DWORD(answer.count), &length))
        return Array(answer.prefix(Int(length)))
    }

    private static func readATR(of card: SCARDHANDLE) throws(PCSCError) -> [UInt8] {
        var name: DWORD = 0
        var state: DWORD = 0
        var chosen: DWORD = 0
        var atr = [UInt8](repeating: 0, count: Int(MAX_ATR_SIZE))
        var length = DWORD(atr.count)
        try check("SCardStatus", unsafe SCardStatus(card, nil, &name, &state, &chosen, &atr, &length))
        return Array(atr.prefix(Int(length)))
    }
}
