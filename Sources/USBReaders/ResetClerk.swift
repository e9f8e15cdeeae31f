public import DeviceProfiles
import Glibc
public import Platform

/// The privileged helper's own work: takes one request, refuses what is not a reset of a card reader, does it, and answers.
public struct ResetClerk {
    private let requests: String
    private let stamps: String
    private let profiles: ProfileLibrary
    private let sysfs: SysfsUSB
    private let time: any TimeSource
    private let repair: any ReaderRepair

    /// What is done at one port in an hour at most, and how soon after another: the ladder's limits a second time, since
    /// the daemon may be wrong, and need not be the one who asks.
    private static let limits = RecoveryLadder.Limits.usual
    private static let mostInWindow = 2 * limits.mostOnUSB

    /// A clerk.
    ///
    /// - Parameters:
    ///   - requests: the folder of the requests and the outcomes, in which others write.
    ///   - stamps: a folder of its own, for when which port was last served.
    ///   - profiles: whose USB devices are readers too, beside everything with a CCID interface.
    public init(
        requests: String, stamps: String, profiles: ProfileLibrary, sysfs: SysfsUSB, time: any TimeSource,
        repair: any ReaderRepair
    ) {
        self.requests = requests
        self.stamps = stamps
        self.profiles = profiles
        self.sysfs = sysfs
        self.time = time
        self.repair = repair
    }

    /// Takes the first request, if there is one.
    ///
    /// - Returns: its name and what became of it; `nil` when there is none.
    /// - Throws: ``USBError`` when the folders cannot be used.
    public func serveOne() throws(USBError) -> (name: String, outcome: ResetOutcome)? {
        let folder = try ResetFolder(path: requests)
        let memory = try ResetFolder(path: stamps)
        guard let name = try folder.names().first else { return nil }
        let file = folder.read(name, limit: ResetRequest.longest)
        // Before anything is done: a helper that dies over a request must not be started for it again.
        guard folder.remove(name) else { throw USBError(call: "unlink", code: .init(rawValue: errno)) }
        let outcome = try outcome(of: file, called: name, memory)
        // Only what is called like a port is answered: other names could be anything's.
        if PortPath(name) != nil { try folder.write(ResetFolder.outcome(of: name), outcome.bytes) }
        return (name, outcome)
    }

    private func outcome(
        of file: ResetFolder.File?, called name: String, _ memory: borrowing ResetFolder
    ) throws(USBError) -> ResetOutcome {
        guard let file, let request = ResetRequest(file.bytes), "\(request.port)" == name else {
            return .refused(.malformed)
        }
        let age = time.wallMilliseconds() - file.written
        guard (-ResetDesk.staleMilliseconds...ResetDesk.staleMilliseconds).contains(age) else {
            return .refused(.stale, "written \(age) ms ago")
        }
        guard let device = sysfs.device(at: request.port) else { return .refused(.noDevice) }
        guard device.identity == request.identity else { return .refused(.otherDevice, "\(device.identity)") }
        if let objection = objection(to: device) { return .refused(.notAReader, objection) }
        guard try stamp(name, memory) else { return .refused(.tooOften) }
        do throws(ReaderRepairError) {
            switch request.action {
            case .reset: try repair.reset(device)
            case .powerCycle: try repair.powerCycle(device)
            }
            return .done
        } catch {
            switch error {
            case .otherDevice: return .failed(.otherDevice, "it was changed meanwhile")
            case .noPortPower(let detail): return .refused(.noPortPower, detail)
            case .notBack(let detail): return .failed(.notBack, detail)
            case .call(let error): return .failed(.callFailed, "\(error)")
            }
        }
    }

    /// Why `device` is none of ours; `nil` when it is a card reader and nothing that others depend on.
    private func objection(to device: AttachedDevice) -> String? {
        // 09: a hub, with everything behind it.
        if device.deviceClass == 0x09 { return "a hub" }
        for interface in device.interfaces {
            if let what = interface.kind.dependedOn { return "interface \(interface.number) is \(what)" }
        }
        if device.hasCCID { return nil }
        switch profiles.find(usb: device.profileDevice()) {
        case .match, .counterfeit, .otherSlot: return nil
        case .unknown: return "\(device.identity) has no CCID interface, and no profile knows it"
        }
    }

    /// Notes that the port is served now. False when that would be too often.
    private func stamp(_ name: String, _ memory: borrowing ResetFolder) throws(USBError) -> Bool {
        let now = time.now()
        let text = memory.read(name, limit: 1024).map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        // Milliseconds since boot, as the folder is emptied at boot; one that lies ahead is none.
        let times = text.split(separator: "\n").compactMap { Int64($0) }.filter {
            (0..<Self.limits.windowMilliseconds).contains(now.milliseconds - $0)
        }
        if let last = times.max(), now.milliseconds - last < Self.limits.pauseMilliseconds { return false }
        guard times.count < Self.mostInWindow else { return false }
        let lines = (times + [now.milliseconds]).map { "\($0)\n" }.joined()
        try memory.write(name, Array(lines.utf8))
        return true
    }
}

extension AttachedDevice.Kind {
    /// What others depend on in an interface of this kind, so that its device is not ours to reset: usb.org's class codes.
    var dependedOn: String? {
        switch (code, subclass, protocolCode) {
        case (0x08, _, _): "a disk"
        case (0x09, _, _): "a hub"
        // CDC: Ethernet (06), EEM (0C), NCM (0D), MBIM (0E), and RNDIS, which calls itself ACM with a maker's protocol. A
        // serial line (02 with another protocol) is what a reader may well have.
        case (0x02, 0x06, _), (0x02, 0x0C...0x0E, _), (0x02, 0x02, 0xFF): "a network"
        case (0xE0, _, _), (0xEF, 0x04, _): "a network"
        default: nil
        }
    }
}
