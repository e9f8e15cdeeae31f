import DeviceProfiles
public import Platform
public import USBReaders

/// The real thing: libusb.
public struct USBRepair: ReaderRepair {
    private let sysfs: SysfsUSB
    private let time: any TimeSource

    /// How long a port is without power, in milliseconds. A reader's capacitors hold it up for some hundreds; one that is
    /// not wholly off comes back as it was.
    static let offMilliseconds: Int64 = 2000
    /// How long a device may take to be found again, in milliseconds; the kernel itself gives up after five seconds.
    static let backMilliseconds: Int64 = 6000
    private static let lookMilliseconds: Int64 = 100

    /// Repairs of what `sysfs` shows.
    public init(sysfs: SysfsUSB = SysfsUSB(), time: any TimeSource = SystemTime()) {
        self.sysfs = sysfs
        self.time = time
    }

    /// Through USBDEVFS_RESET.
    public func reset(_ device: AttachedDevice) throws(ReaderRepairError) {
        do throws(USBError) {
            let bus = try USBBus.withoutDiscovery()
            let handle = try bus.open(device)
            let identity = try handle.identity()
            if identity == device.identity { return try handle.reset() }
        } catch {
            throw error.code == .notFound ? .notBack("\(error)") : .call(error)
        }
        throw .otherDevice
    }

    /// Through the hub, and through the other half of the socket where there is one.
    public func powerCycle(_ device: AttachedDevice) throws(ReaderRepairError) {
        let bus: USBBus
        do throws(USBError) { bus = try USBBus.withoutDiscovery() } catch { throw .call(error) }
        let halves = [device.port] + [sysfs.peer(of: device.port)].compactMap(\.self)
        // Everything that can be refused is refused before anything is switched.
        for half in halves { try checkSwitchable(half, bus) }
        var failure: ReaderRepairError?
        for half in halves {
            do throws(ReaderRepairError) { try setPower(of: half, on: false, bus) } catch { failure = error }
        }
        if failure == nil { time.sleep(milliseconds: Self.offMilliseconds) }
        // Whatever failed, no port is left dark.
        for half in halves {
            do throws(ReaderRepairError) { try setPower(of: half, on: true, bus) } catch { failure = error }
        }
        if let failure { throw failure }
        let deadline = time.now().advanced(milliseconds: Self.backMilliseconds)
        // The old device is still shown until the kernel has noticed; the new one has another address.
        while true {
            if let there = sysfs.device(at: device.port), there.address != device.address {
                if there.identity == device.identity { return }
                throw .otherDevice
            }
            guard time.now() < deadline else { throw .notBack("not back after \(Self.backMilliseconds) ms") }
            time.sleep(milliseconds: Self.lookMilliseconds)
        }
    }

    /// Refuses a port that its hub cannot switch alone.
    private func checkSwitchable(_ port: PortPath, _ bus: borrowing USBBus) throws(ReaderRepairError) {
        let (hub, number) = try hub(of: port)
        let descriptor: HubDescriptor
        do throws(USBError) { descriptor = try bus.open(hub).hubDescriptor() } catch { throw .call(error) }
        guard descriptor.canSwitch(number) else {
            throw .noPortPower("hub \(hub.port) with \(descriptor.ports) ports switches: \(descriptor.switching)")
        }
    }

    private func setPower(of port: PortPath, on: Bool, _ bus: borrowing USBBus) throws(ReaderRepairError) {
        let (hub, number) = try hub(of: port)
        do throws(USBError) { try bus.open(hub).setPower(of: number, on: on) } catch { throw .call(error) }
    }

    private func hub(of port: PortPath) throws(ReaderRepairError) -> (device: AttachedDevice, port: UInt8) {
        guard let place = port.hub, let number = port.port, let hub = sysfs.device(at: place) else {
            throw .noPortPower("no hub above \(port)")
        }
        return (hub, number)
    }
}
