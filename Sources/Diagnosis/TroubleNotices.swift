public import Health
public import USBReaders

extension KnownTrouble {
    /// The condition that it is.
    public var notice: Notice {
        switch self {
        case .kernelDriver: .kernelGrabsReader
        case .keyboard: .readerIsKeyboard
        case .counterfeit: .readerCounterfeit
        case .ruledOut, .firmwareTooOld: .readerNotUsable
        case .driverTooOld, .driverNotInstalled, .notListed: .readerWithoutDriver
        }
    }
}
