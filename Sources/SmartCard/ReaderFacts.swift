import CPCSC

/// What the driver of a reader tells about the reader itself, with a card on it or without.
public struct ReaderFacts: Hashable, Sendable {
    /// SCARD_ATTR_CHANNEL_ID: how the reader is connected, in PC/SC's form `0xDDDDCCCC`. `DDDD` is 0x0020 for USB; drivers
    /// with libusb put the bus's number and the device's address into `CCCC`, a byte each.
    public let channelID: UInt32?
    /// Where it is plugged in and which interface it is, as in `1-1.3.2:1.0`: the driver's answer to control code 3601,
    /// which libccid gives from 1.7.1 on.
    public let usbPath: String?
    /// SCARD_ATTR_VENDOR_NAME.
    public let vendor: String?
    /// SCARD_ATTR_VENDOR_IFD_VERSION, in PC/SC's form `0xMMmmbbbb`: major and minor version, and build.
    public let version: UInt32?

    /// Facts with these values; what a driver does not tell is `nil`.
    public init(channelID: UInt32? = nil, usbPath: String? = nil, vendor: String? = nil, version: UInt32? = nil) {
        self.channelID = channelID
        self.usbPath = usbPath
        self.vendor = vendor
        self.version = version
    }

    /// CM_IOCTL_GET_USB_PATH's number: libccid 1.7.1, `src/ifdhandler.c`.
    private static let usbPathFunction: UInt32 = 3601
    /// As much as any of these answers has: pcsc-lite's MAX_BUFFER_SIZE.
    private static let longest = 264

    /// SCARD_ATTR_VALUE(class, tag) of pcsc-lite's reader.h, macros that Swift does not see: the class in the upper half.
    private enum Attribute: DWORD {
        case vendorName = 0x0001_0100
        case vendorIFDVersion = 0x0001_0102
        case channelID = 0x0002_0110
    }

    /// Asks the driver of `reader` through a connection of its own, without touching a card.
    ///
    /// What the driver does not know is `nil`; that is the rule for control code 3601, and for all of it with vpcd.
    ///
    /// - Throws: ``PCSCError``: `sharingViolation` while somebody holds the card; `unknownReader`, `noService` and their
    ///   like when there is nobody to ask.
    public static func ask(_ reader: String) throws(PCSCError) -> ReaderFacts {
        let context = try PCSCContext()
        let connection = try DirectConnection(context, reader)
        return ReaderFacts(
            channelID: number(try connection.attribute(.channelID)),
            usbPath: text(try connection.control(usbPathFunction)),
            vendor: text(try connection.attribute(.vendorName)),
            version: number(try connection.attribute(.vendorIFDVersion)))
    }

    /// A DWORD in the machine's order, as drivers write it; some write a long's eight bytes.
    static func number(_ bytes: [UInt8]?) -> UInt32? {
        guard let bytes, bytes.count >= 4 else { return nil }
        return (0..<4).reduce(0) { $0 | UInt32(bytes[$1]) << (8 * UInt32($1)) }
    }

    /// Text up to its end or its terminating zero; `nil` when it is empty or none.
    static func text(_ bytes: [UInt8]?) -> String? {
        guard let text = bytes?.prefix(while: { $0 != 0 }), !text.isEmpty else { return nil }
        return String(validating: text, as: UTF8.self)
    }

    /// A connection to the reader rather than to a card.
    private struct DirectConnection: ~Copyable {
        private let handle: SCARDHANDLE

        init(_ context: borrowing PCSCContext, _ reader: String) throws(PCSCError) {
            var handle: SCARDHANDLE = 0
            var chosen: DWORD = 0
            try check(
                "SCardConnect",
                unsafe SCardConnect(context.handle, reader, DWORD(SCARD_SHARE_DIRECT), 0, &handle, &chosen))
            self.handle = handle
        }

        deinit { SCardDisconnect(handle, DWORD(SCARD_LEAVE_CARD)) }

        borrowing func attribute(_ attribute: Attribute) throws(PCSCError) -> [UInt8]? {
            var answer = [UInt8](repeating: 0, count: ReaderFacts.longest)
            var length = DWORD(answer.count)
            let status = unsafe SCardGetAttrib(handle, attribute.rawValue, &answer, &length)
            return try Self.known("SCardGetAttrib", status) ? Array(answer.prefix(Int(length))) : nil
        }

        borrowing func control(_ function: UInt32) throws(PCSCError) -> [UInt8]? {
            var answer = [UInt8](repeating: 0, count: ReaderFacts.longest)
            var length: DWORD = 0
            // SCARD_CTL_CODE, a macro that Swift does not see: 0x42000000 and the function's number (pcsc-lite, reader.h).
            let status = unsafe SCardControl(
                handle, DWORD(0x4200_0000 + function), nil, 0, &answer, DWORD(answer.count), &length)
            return try Self.known("SCardControl", status) ? Array(answer.prefix(Int(length))) : nil
        }

        /// Whether the driver had an answer. What it does not know it refuses with one code or another, vpcd with
        /// "unsupported feature" and some with "not transacted"; only a reader or a pcscd that is gone is an error.
        private static func known(_ call: String, _ status: Int) throws(PCSCError) -> Bool {
            if status == Int(SCARD_S_SUCCESS) { return true }
            let error = PCSCError(call: call, code: .init(status: status))
            switch error.code {
            case .readerUnavailable, .unknownReader, .invalidHandle, .noService, .serviceStopped, .communication:
                throw error
            default: return false
            }
        }
    }
}
