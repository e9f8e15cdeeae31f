import USBReaders

/// Throws when `status` is one of libusb's errors; returns it else, as some calls give a count.
@discardableResult
func check(_ call: String, _ status: Int32) throws(USBError) -> Int32 {
    guard status >= 0 else { throw USBError(call: call, code: .init(rawValue: status)) }
    return status
}
