import CPCSC

/// A connection to pcscd. Released when it goes out of scope.
///
/// One context belongs to one thread: a second thread that transmits on a context in which another one waits for
/// events blocks or gets a sharing violation.
public struct PCSCContext: ~Copyable {
    let handle: SCARDCONTEXT

    /// Connects to pcscd. The corresponding C function is `SCardEstablishContext`.
    public init() throws(PCSCError) {
        var handle: SCARDCONTEXT = 0
        try check("SCardEstablishContext", unsafe SCardEstablishContext(UInt(SCARD_SCOPE_SYSTEM), nil, nil, &handle))
        self.handle = handle
    }

    deinit { SCardReleaseContext(handle) }

    /// The names of the attached readers. The corresponding C function is `SCardListReaders`.
    public borrowing func readers() throws(PCSCError) -> [String] {
        // The list can grow between asking for its length and asking for it.
        for _ in 0..<8 {
            var length: DWORD = 0
            var status = unsafe SCardListReaders(handle, nil, nil, &length)
            if PCSCError.Code(status: status) == .noReadersAvailable { return [] }
            try check("SCardListReaders", status)
            var names = [CChar](repeating: 0, count: Int(length))
            status = unsafe names.withUnsafeMutableBufferPointer {
                unsafe SCardListReaders(handle, nil, $0.baseAddress, &length)
            }
            if PCSCError.Code(status: status) == .insufficientBuffer { continue }
            if PCSCError.Code(status: status) == .noReadersAvailable { return [] }
            try check("SCardListReaders", status)
            return names.prefix(Int(length)).split(separator: 0).map { name in
                String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
            }
        }
        throw PCSCError(call: "SCardListReaders", code: .insufficientBuffer)
    }
}

/// Ends another thread's wait in ``PCSCContext``. The corresponding C function is `SCardCancel`, the one call that may
/// come from a second thread.
func cancelWaiting(on context: SCARDCONTEXT) { SCardCancel(context) }

/// Throws unless `status` is `SCARD_S_SUCCESS`.
func check(_ call: String, _ status: Int) throws(PCSCError) {
    guard status == Int(SCARD_S_SUCCESS) else { throw PCSCError(call: call, code: .init(status: status)) }
}
