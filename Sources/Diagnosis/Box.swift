import CLinux
public import DeviceProfiles
import Glibc
public import Platform
public import SmartCard
import Sync
public import Terminal
public import USBReaders
public import Voice

/// The box that is looked at: its files under a folder, and everything else through one function each, so that a test can
/// plant any fault.
public struct Box: Sendable {
    /// How many bytes a file system has.
    public struct Space: Sendable, Hashable {
        /// Bytes that a program may still use.
        public var free: UInt64
        /// Bytes in all.
        public var total: UInt64

        /// So many.
        public init(free: UInt64, total: UInt64) {
            self.free = free
            self.total = total
        }
    }

    /// What stands before `/etc`, `/proc` and `/sys`; empty on a real box.
    public var root = ""
    /// The configuration's path.
    public var configuration = "/etc/yika/yikad.json5"
    /// The version of the tool that looks.
    public var version = TerminalVersion.current
    /// The clock.
    public var time: any TimeSource = SystemTime()
    /// The readers that pcscd knows.
    public var readers: @Sendable () throws(PCSCError) -> [String]
    /// What the driver of a reader tells about it, without touching a card; `nil`: nothing.
    public var facts: @Sendable (_ reader: String) -> ReaderFacts? = { _ in nil }
    /// The running daemon's answer on the control socket of that path.
    public var daemon: @Sendable (_ socket: String) throws(ControlQuestionError) -> StatusReport
    /// USB devices.
    public var usb: @Sendable () -> [AttachedDevice]
    /// The lists of pcscd's drivers.
    public var drivers: @Sendable () -> InstalledDrivers
    /// Opens the sound device of that name and closes it again; what went wrong.
    public var sound: @Sendable (_ device: String) -> SoundError?
    /// The file system that a path lies on.
    public var space: @Sendable (_ path: String) -> Space?
    /// Whether something keeps the clock; `nil`: the kernel does not tell.
    public var isClockKept: @Sendable () -> Bool?
    /// How systemd has units of those names; `nil`: it does not tell, or is not there.
    public var units: @Sendable (_ names: [String]) -> [UnitState]? = { _ in nil }
    /// Asks the ledger of a configuration whether it serves; what went wrong, as the daemon would say it.
    public var ledger: @Sendable (Configuration) -> LedgerTrouble?

    /// The box that this program runs on.
    public static func here(configuration: String) -> Box {
        var box = Box(
            readers: { () throws(PCSCError) in try PCSCContext().readers() },
            daemon: { (path) throws(ControlQuestionError) in try StatusReport.ask(path) },
            usb: { SysfsUSB().devices() }, drivers: { InstalledDrivers.load() }, sound: Self.soundError,
            space: Self.space, isClockKept: Self.kernelKeepsClock, ledger: { LedgerTrouble.find($0) })
        box.configuration = configuration
        box.facts = { try? ReaderFacts.ask($0) }
        box.units = { UnitState.ask($0) }
        return box
    }

    private static func soundError(_ device: String) -> SoundError? {
        // No mixer: looking must not make the terminal louder.
        let output = ALSAOutput(device: device, control: nil)
        do throws(SoundError) {
            _ = try output.open(SoundFormat(sampleRate: 22_050))
            output.close()
            return nil
        } catch {
            return error
        }
    }

    private static func space(_ path: String) -> Space? {
        var figures = statvfs()
        guard unsafe statvfs(path, &figures) == 0 else { return nil }
        return Space(
            free: UInt64(figures.f_bavail) * UInt64(figures.f_frsize),
            total: UInt64(figures.f_blocks) * UInt64(figures.f_frsize))
    }

    private static func kernelKeepsClock() -> Bool? {
        let kept = yika_clock_is_kept()
        return kept < 0 ? nil : kept == 1
    }
}
