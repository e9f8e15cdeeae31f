import CUSB
import Glibc
public import Platform
import Synchronization
public import USBReaders

/// What happens at the USB ports.
public enum USBEvent: Hashable, Sendable {
    /// A device is there. The kernel's drivers may still be about to take its interfaces.
    case attached(AttachedDevice)
    /// The device at this port and address is gone.
    case detached(PortPath, address: UInt8)
}

/// Watches on a thread of its own what is plugged in and out: libusb's hotplug events.
public final class USBWatch: Sendable {
    private let sysfs: SysfsUSB
    private let report: @Sendable (USBEvent) -> Void
    private let stopping = Signal()
    private let ended = Signal()
    private let waiting = Mutex<Waiting?>(nil)

    /// A watch that has not begun.
    ///
    /// - Parameter report: called on the watch's thread for each event, first of all for what is there; must not block.
    public init(sysfs: SysfsUSB = SysfsUSB(), report: @escaping @Sendable (USBEvent) -> Void) {
        self.sysfs = sysfs
        self.report = report
    }

    /// Runs the loop on a new thread, which ends after ``stop()`` or with an error that `failed` is told.
    public func start(failed: @escaping @Sendable (USBError) -> Void) -> DedicatedThread {
        DedicatedThread(name: "usb") {
            do throws(USBError) {
                try self.run()
            } catch {
                failed(error)
            }
            self.ended.raise()
        }
    }

    /// Ends the loop and returns when it has ended.
    public func stop() {
        stopping.raise()
        waiting.withLock { waiting in
            // The one call that may come from a second thread; a wait that begins only now ends at once as well.
            if let waiting { unsafe libusb_interrupt_event_handler(waiting.context) }
        }
        _ = ended.wait()
    }

    /// A context that is waited in.
    @safe private struct Waiting: @unchecked Sendable { let context: OpaquePointer }

    /// What libusb's callback leaves for the loop: in the callback no other of its functions may be called.
    @safe private final class Arrivals {
        var events: [(device: OpaquePointer, isThere: Bool)] = unsafe []
    }

    private func run() throws(USBError) {
        let bus = try USBBus()
        let arrivals = Arrivals()
        let events = Int32(LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED.rawValue | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT.rawValue)
        let any = LIBUSB_HOTPLUG_MATCH_ANY
        var registration: libusb_hotplug_callback_handle = 0
        try check(
            "libusb_hotplug_register_callback",
            unsafe libusb_hotplug_register_callback(
                bus.context, events, Int32(LIBUSB_HOTPLUG_ENUMERATE.rawValue), any, any, any,
                { _, device, event, context in
                    guard let device = unsafe device, let context = unsafe context else { return 0 }
                    let arrivals = unsafe Unmanaged<Arrivals>.fromOpaque(context).takeUnretainedValue()
                    let isThere = event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED
                    unsafe arrivals.events.append((libusb_ref_device(device), isThere))
                    return 0
                }, Unmanaged.passUnretained(arrivals).toOpaque(), &registration))
        waiting.withLock { $0 = unsafe Waiting(context: bus.context) }
        defer {
            waiting.withLock { $0 = nil }
            unsafe libusb_hotplug_deregister_callback(bus.context, registration)
            tell(arrivals)
        }
        while !stopping.isRaised {
            tell(arrivals)
            try check("libusb_handle_events", unsafe libusb_handle_events_completed(bus.context, nil))
        }
    }

    private func tell(_ arrivals: Arrivals) {
        for unsafe(device, isThere) in unsafe arrivals.events {
            defer { unsafe libusb_unref_device(device) }
            if isThere {
                // One that has left again is told by the event that comes.
                if let found = try? unsafe USBBus.describe(device, sysfs: sysfs) { report(.attached(found)) }
            } else if let port = try? unsafe USBBus.port(of: device) {
                report(.detached(port, address: unsafe libusb_get_device_address(device)))
            }
        }
        unsafe arrivals.events = []
    }
}
