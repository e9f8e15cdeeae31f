public import DeviceProfiles

/// Something about an attached reader that is known to keep it from working, found without touching it.
///
/// What is troublesome is in the profiles and in the drivers' lists; nothing here asks for a model.
public enum KnownTrouble: Hashable, Sendable {
    /// A driver of the kernel's has an interface that pcscd needs: its module, and the interface.
    case kernelDriver(String, interface: UInt8)
    /// The reader plays a keyboard, and no card can be read from it through PC/SC.
    case keyboard(ProfileLibrary.Match)
    /// It is a copy that is known not to work.
    case counterfeit(ProfileLibrary.Match)
    /// Its profile says that it cannot or must not be used.
    case ruledOut(ProfileLibrary.Match)
    /// Its firmware is older than this driver takes: its bcdDevice, and the least that would do.
    case firmwareTooOld(has: UInt16, needs: UInt16, ReaderProfile.Driver.Name)
    /// The driver installed does not know it yet: from which version on it would, and the one installed.
    case driverTooOld(ReaderProfile.Driver.Name, needs: String, installed: String)
    /// The driver that serves it is not installed.
    case driverNotInstalled(ReaderProfile.Driver.Name)
    /// It is a CCID reader that no driver installed has on its list: libccid may try it all the same.
    case notListed

    /// What is known to be wrong with `device`, the worst first; nothing for what is no reader.
    ///
    /// A reader is what a profile knows by its USB numbers, and whatever has a CCID interface.
    public static func find(
        in device: AttachedDevice, profiles: ProfileLibrary, drivers: InstalledDrivers
    ) -> [KnownTrouble] {
        switch profiles.find(usb: device.profileDevice()) {
        case .counterfeit(let match): return [.counterfeit(match)]
        case .match(let match):
            if match.profile.keyboard || playsKeyboard(device, match.profile) { return [.keyboard(match)] }
            guard match.profile.isUsable else { return [.ruledOut(match)] }
            return grabs(of: device, by: match.profile.kernelDrivers)
                + service(of: device, match.profile, drivers)
        case .otherSlot, .unknown:
            guard device.hasCCID else { return [] }
            let isListed = drivers.lists.contains { $0.readers[device.identity] != nil }
            return grabs(of: device, by: []) + (isListed ? [] : [.notListed])
        }
    }

    /// Whether nothing but keys and mice comes from a device whose profile expects a reader.
    private static func playsKeyboard(_ device: AttachedDevice, _ profile: ReaderProfile) -> Bool {
        !device.interfaces.isEmpty && device.interfaces.allSatisfy { $0.kind.isHID }
            && profile.drivers.contains { $0.name != .vendor }
    }

    /// The interfaces that the kernel has and pcscd needs. It has no driver for CCID readers, so whichever has such an
    /// interface has it wrongly; for others the profile names them.
    private static func grabs(of device: AttachedDevice, by known: [String]) -> [KnownTrouble] {
        device.interfaces.compactMap { interface in
            guard let driver = interface.driver, driver != AttachedDevice.Interface.heldByProgram,
                interface.kind.isCCID || known.contains(driver)
            else { return nil }
            return .kernelDriver(driver, interface: interface.number)
        }
    }

    /// Why none of the drivers installed serves the reader, if none does.
    private static func service(
        of device: AttachedDevice, _ profile: ReaderProfile, _ drivers: InstalledDrivers
    ) -> [KnownTrouble] {
        var refusals: [KnownTrouble] = []
        for driver in profile.drivers {
            let lists = drivers.lists.filter { $0.name == driver.name && $0.readers[device.identity] != nil }
            guard !lists.isEmpty else { continue }
            // One that serves it is enough.
            guard let least = driver.leastFirmware, device.bcdDevice < least else { return [] }
            refusals.append(.firmwareTooOld(has: device.bcdDevice, needs: least, driver.name))
        }
        if !refusals.isEmpty { return refusals }
        return drivers.service(of: device.identity, profile).compactMap { service in
            switch service {
            case .served: nil
            case .needs(let driver, let since, let installed):
                .driverTooOld(driver, needs: since, installed: installed)
            case .notInstalled(let driver): .driverNotInstalled(driver)
            case .notInstalledVendor: .driverNotInstalled(.vendor)
            case .unknown: .notListed
            }
        }
    }
}
