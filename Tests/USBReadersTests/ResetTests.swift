import DeviceProfiles
import Foundation
import Platform
import Synchronization
import TestSupport
import Testing

@testable import USBReaders

/// A clock that moves only when somebody sleeps, and does something meanwhile.
private final class StoppedTime: TimeSource {
    private let state = Mutex((now: Instant(nanoseconds: 3_600_000_000_000 * 24), slept: 0))
    let whileSleeping: @Sendable () -> Void

    init(whileSleeping: @escaping @Sendable () -> Void = {}) { self.whileSleeping = whileSleeping }

    func now() -> Instant { state.withLock { $0.now } }
    func wallMilliseconds() -> Int64 { SystemTime().wallMilliseconds() }
    func sleep(until instant: Instant) {
        whileSleeping()
        state.withLock { $0.now = max($0.now, instant) }
    }
    func pass(seconds: Int64) { state.withLock { $0.now = $0.now.advanced(milliseconds: seconds * 1000) } }
}

/// Notes what it is asked for, and fails as told.
private final class NotedRepair: ReaderRepair {
    private(set) var calls: [String] = []
    var failure: ReaderRepairError?

    func reset(_ device: AttachedDevice) throws(ReaderRepairError) {
        calls.append("reset \(device.port)")
        if let failure { throw failure }
    }

    func powerCycle(_ device: AttachedDevice) throws(ReaderRepairError) {
        calls.append("power-cycle \(device.port)")
        if let failure { throw failure }
    }
}

@Suite("Requests for resets")
struct ResetTests {
    private let folder: Folder
    private let requests: Folder
    private let stamps: Folder
    private let repair = NotedRepair()
    private let time = StoppedTime()

    init() throws {
        folder = try Folder()
        requests = try Folder()
        stamps = try Folder()
        try plant("1-1.3", interfaces: [(0x0B, 0, 0)])
    }

    /// Plants a device in the tree of devices.
    private func plant(
        _ port: String, _ vendor: String = "072f", _ product: String = "2200", deviceClass: String = "00",
        interfaces: [(Int, Int, Int)]
    ) throws {
        let own = "sys/bus/usb/devices/\(port)"
        for (name, value) in [
            ("devnum", "4"), ("idVendor", vendor), ("idProduct", product), ("bcdDevice", "0214"),
            ("bDeviceClass", deviceClass), ("manufacturer", "ACS"),
        ] {
            try folder.write(value + "\n", to: "\(own)/\(name)")
        }
        for (number, interface) in interfaces.enumerated() {
            let values = [number, interface.0, interface.1, interface.2].map { [UInt8($0)].hex() }
            let names = ["bInterfaceNumber", "bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"]
            for (name, value) in zip(names, values) { try folder.write(value + "\n", to: "\(own):1.\(number)/\(name)") }
        }
    }

    private var reader: AttachedDevice {
        get throws {
            let port = try #require(PortPath("1-1.3"))
            return try #require(SysfsUSB(root: folder.path).device(at: port))
        }
    }

    private var clerk: ResetClerk {
        ResetClerk(
            requests: requests.path, stamps: stamps.path,
            profiles: ProfileLibrary.load(directory: Repository.profiles + "/readers"),
            sysfs: SysfsUSB(root: folder.path), time: time, repair: repair)
    }

    private func line(
        _ action: String = "reset", port: String = "1-1.3", vendor: String = "072f", product: String = "2200"
    ) -> String {
        #"{"action":"\#(action)","port":"\#(port)","vendor":"\#(vendor)","product":"\#(product)"}"#
    }

    /// Puts a request there and lets it be served: what became of it, which is also what the file says.
    private func serve(_ text: String, name: String = "1-1.3") throws -> ResetOutcome {
        try requests.write(text, to: name)
        let answer = try clerk.serveOne()
        let served = try #require(answer)
        #expect(served.name == name)
        #expect(requests.names.allSatisfy { $0.hasPrefix(".") && $0.hasSuffix(".done") })
        let bytes = try #require(FileManager.default.contents(atPath: "\(requests.path)/.\(name).done"))
        #expect(ResetOutcome(Array(bytes)) == served.outcome)
        return served.outcome
    }

    @Test("A request is a line that anybody can write, and is read as it was written")
    func roundTrip() throws {
        let device = try reader
        for action in ResetRequest.Action.allCases {
            let request = ResetRequest(action, device)
            #expect(ResetRequest(request.bytes) == request)
            #expect(request.bytes.count < ResetRequest.longest / 2)
        }
        #expect(
            String(decoding: ResetRequest(.powerCycle, device).bytes, as: UTF8.self)
                == #"{"action":"power-cycle","port":"1-1.3","product":"2200","vendor":"072f"}"# + "\n")
    }

    @Test(
        "What is not exactly a request is refused",
        arguments: [
            "", "{}", "null", "[]", "reset 1-1.3", #"{"action":"reset"}"#,
            #"{"action":"erase","port":"1-1.3","vendor":"072f","product":"2200"}"#,
            #"{"action":"reset","port":"../1","vendor":"072f","product":"2200"}"#,
            #"{"action":"reset","port":"usb1","vendor":"072f","product":"2200"}"#,
            #"{"action":"reset","port":"1-1.3","vendor":"72f","product":"2200"}"#,
            #"{"action":"reset","port":"1-1.3","vendor":"+72f","product":"2200"}"#,
            #"{"action":"reset","port":"1-1.3","vendor":"072F","product":"2200"}"#,
            #"{"action":"reset","port":"1-1.3","vendor":1839,"product":"2200"}"#,
            #"{"action":"reset","port":"1-1.3","vendor":"072f","product":"2200","force":"yes"}"#,
            #"{"action":"reset","port":"1-1.4","vendor":"072f","product":"2200"}"#,
            #"{"action":"reset","port":"1-1.3","vendor":"072f","product":"2200"}"# + String(repeating: " ", count: 256),
        ])
    func malformed(_ text: String) throws {
        #expect(try serve(text).reason == .malformed)
        #expect(repair.calls == [])
    }

    @Test("Cut and damaged requests are never anything else than refused")
    func damaged() throws {
        let whole = Array(line().utf8)
        var accepted = 0
        for length in 0..<whole.count where ResetRequest(Array(whole[..<length])) != nil { accepted += 1 }
        for place in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[place] ^= 1 << UInt8(bit)
                guard let request = ResetRequest(bytes) else { continue }
                // Another digit makes another request, which the device there does not fit.
                #expect(request != ResetRequest(whole))
            }
        }
        #expect(accepted == 0)
    }

    @Test("A pipe, a link and a folder in a request's place are taken away and refused, and nobody waits for them")
    func notFiles() throws {
        let secret = try folder.write(line(), to: "secret")
        unsafe mkfifo("\(requests.path)/1-1.3", 0o600)
        #expect(try clerk.serveOne()?.outcome.reason == .malformed)
        try FileManager.default.createSymbolicLink(atPath: "\(requests.path)/1-1.3", withDestinationPath: secret)
        #expect(try clerk.serveOne()?.outcome.reason == .malformed)
        #expect(FileManager.default.fileExists(atPath: secret))
        try FileManager.default.createDirectory(atPath: "\(requests.path)/1-1.3", withIntermediateDirectories: true)
        #expect(try clerk.serveOne()?.outcome.reason == .malformed)
        try requests.write("x", to: "what ever")
        #expect(try clerk.serveOne()?.outcome.reason == .malformed)
        #expect(requests.names == [".1-1.3.done"])
        #expect(try clerk.serveOne() == nil)
        #expect(repair.calls == [])
    }

    @Test("A reader is reset or its port switched, as asked; one request at a time")
    func served() throws {
        #expect(try serve(line()) == .done)
        time.pass(seconds: 10)
        #expect(try serve(line("power-cycle")) == .done)
        #expect(repair.calls == ["reset 1-1.3", "power-cycle 1-1.3"])
        try plant("1-1.4", interfaces: [(0x0B, 0, 0)])
        time.pass(seconds: 10)
        try requests.write(line(), to: "1-1.3")
        try requests.write(line(port: "1-1.4"), to: "1-1.4")
        #expect(try clerk.serveOne()?.name == "1-1.3")
        #expect(try clerk.serveOne()?.name == "1-1.4")
    }

    @Test("Nothing there, or something else there, is not reset")
    func others() throws {
        #expect(try serve(line(port: "1-1.5"), name: "1-1.5").reason == .noDevice)
        #expect(try serve(line(product: "2201")).reason == .otherDevice)
        #expect(repair.calls == [])
    }

    @Test(
        "A hub, a disk, a network and whatever else is no reader is refused, also when it has a reader's interface beside",
        arguments: [
            [(0x09, 0, 0)], [(0x08, 6, 0x50)], [(0x0B, 0, 0), (0x08, 6, 0x50)], [(0x0B, 0, 0), (0x02, 6, 0)],
            [(0x0B, 0, 0), (0x02, 0x0D, 0)], [(0x0B, 0, 0), (0x02, 2, 0xFF)], [(0xE0, 1, 1)],
            [(0xE0, 1, 3), (0x0B, 0, 0)],
            [(0x0B, 0, 0), (0xEF, 4, 1)], [(0x03, 1, 1)], [(0xFF, 0, 0)], [],
        ])
    func notReaders(_ interfaces: [(Int, Int, Int)]) throws {
        try plant("1-2", "f00d", "0001", interfaces: interfaces)
        #expect(try serve(line(port: "1-2", vendor: "f00d", product: "0001"), name: "1-2").reason == .notAReader)
        #expect(repair.calls == [])
    }

    @Test(
        "A device of a hub's class is refused, whatever its interfaces; a profile's device is a reader without CCID too"
    )
    func classes() throws {
        try plant("1-2", deviceClass: "09", interfaces: [(0x0B, 0, 0)])
        #expect(try serve(line(port: "1-2"), name: "1-2").reason == .notAReader)
        // A bare PN533, and a reader with a serial line beside, as TWN4 are.
        try plant("1-3", "04cc", "2533", interfaces: [(0xFF, 0, 0)])
        #expect(try serve(line(port: "1-3", vendor: "04cc", product: "2533"), name: "1-3") == .done)
        try plant("1-4", "09d8", "0427", interfaces: [(0x0B, 0, 0), (0x02, 2, 1), (0x0A, 0, 0)])
        #expect(try serve(line(port: "1-4", vendor: "09d8", product: "0427"), name: "1-4") == .done)
    }

    @Test("A port is served once in ten seconds and six times an hour, by a memory that only the helper writes")
    func limits() throws {
        for _ in 0..<6 {
            #expect(try serve(line()) == .done)
            #expect(try serve(line()).reason == .tooOften)
            time.pass(seconds: 10)
        }
        #expect(try serve(line()).reason == .tooOften)
        time.pass(seconds: 3600)
        #expect(try serve(line()) == .done)
        #expect(repair.calls.count == 7)
        #expect(stamps.names == ["1-1.3"])
    }

    @Test("A request that has lain about is not carried out any more")
    func stale() throws {
        let path = try requests.write(line(), to: "1-1.3")
        let old = Date(timeIntervalSinceNow: -3600)
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
        #expect(try clerk.serveOne()?.outcome.reason == .stale)
        #expect(repair.calls == [])
    }

    @Test(
        "What goes wrong with the device is told by its reason, with a next step in both languages",
        arguments: [
            (ReaderRepairError.otherDevice, ResetOutcome.Reason.otherDevice), (.noPortPower("ganged"), .noPortPower),
            (.notBack("5 s"), .notBack), (.call(USBError(call: "open", code: .access)), .callFailed),
        ])
    func failures(_ error: ReaderRepairError, _ reason: ResetOutcome.Reason) throws {
        repair.failure = error
        let outcome = try serve(line())
        #expect(outcome.reason == reason)
        #expect(outcome.result != .done)
        #expect(outcome.detail?.isEmpty == false)
        for reason in ResetOutcome.Reason.allCases { #expect(!reason.english.isEmpty && !reason.chinese.isEmpty) }
    }

    @Test("The desk asks, and gets the answer to what it asked, not an older one")
    func desk() throws {
        let device = try reader
        try requests.write(#"{"result":"refused","reason":"stale"}"#, to: ".1-1.3.done")
        let path = requests.path
        let clock = StoppedTime {
            // The helper's part, at the first look.
            guard FileManager.default.fileExists(atPath: path + "/1-1.3") else { return }
            try? FileManager.default.removeItem(atPath: path + "/1-1.3")
            let bytes = ResetOutcome.refused(.noPortPower, "ganged").bytes
            try? Data(bytes).write(to: URL(filePath: path + "/.1-1.3.done"))
        }
        let desk = ResetDesk(folder: path, time: clock)
        #expect(desk.isOpen)
        #expect(desk.ask(ResetRequest(.reset, device)) == .answered(.refused(.noPortPower, "ganged")))
        #expect(requests.names == [])
    }

    @Test("The desk says that nobody answers, and takes its request back; and that there is no helper at all")
    func deskAlone() throws {
        let device = try reader
        let desk = ResetDesk(folder: requests.path, time: time)
        let begun = time.now()
        #expect(desk.ask(ResetRequest(.reset, device)) == .nobodyThere)
        #expect(time.now().milliseconds(since: begun) >= ResetDesk.patienceMilliseconds)
        #expect(requests.names == [])
        let none = ResetDesk(folder: requests.path + "/none", time: time)
        #expect(!none.isOpen)
        guard case .notInstalled = none.ask(ResetRequest(.reset, device)) else {
            Issue.record("a folder that is not there is taken for a helper")
            return
        }
    }

    @Test("A request can be read by the folder's group and by nobody else, whatever the umask")
    func mode() throws {
        let place = try ResetFolder(path: requests.path)
        try place.write("1-1.3", Array(line().utf8))
        let attributes = try FileManager.default.attributesOfItem(atPath: requests.path + "/1-1.3")
        #expect(attributes[.posixPermissions] as? Int == 0o640)
    }
}
