/// The USB seam of the privileged helper: what is done to a device once it has been decided.
public protocol ReaderRepair {
    /// Resets `device`.
    func reset(_ device: AttachedDevice) throws(ReaderRepairError)
    /// Takes the power of the device's port away and gives it back.
    func powerCycle(_ device: AttachedDevice) throws(ReaderRepairError)
}

/// Why a device could not be repaired.
public enum ReaderRepairError: Error, Hashable, Sendable {
    /// Another device is there by now.
    case otherDevice
    /// The hub cannot switch this port alone.
    case noPortPower(String)
    /// The device did not come back.
    case notBack(String)
    /// A call failed.
    case call(USBError)
}
