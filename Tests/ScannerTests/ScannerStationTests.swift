import Foundation
import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Scanner

/// A real pseudo-terminal: what is written here a program reads at `path` as from a line.
private final class PseudoTerminal {
    private(set) var number: Int32
    let path: String

    init() throws {
        var slave: Int32 = -1
        var name = [CChar](repeating: 0, count: 128)
        number = -1
        guard unsafe openpty(&number, &slave, &name, nil, nil) == 0 else { throw ScannerError(call: "openpty") }
        close(slave)
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { unplug() }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) { _ = unsafe write(number, bytes, bytes.count) }

    /// What the line sent back: nothing, unless it echoes.
    var echo: Int {
        var bytes = [UInt8](repeating: 0, count: 512)
        return unsafe read(number, &bytes, bytes.count)
    }

    func unplug() {
        guard number >= 0 else { return }
        close(number)
        number = -1
    }
}

/// What a station has reported, for a test that waits for it.
private final class Reports: Sendable {
    private let events = Mutex<[ScannerEvent]>([])

    var all: [ScannerEvent] { events.withLock { $0 } }

    func add(_ event: ScannerEvent) { events.withLock { $0.append(event) } }

    /// Waits until `expected` came, in this order, with others between or not; whether they did.
    func contain(_ expected: ScannerEvent...) -> Bool {
        for _ in 0..<6_000 {
            var rest = expected[...]
            for event in all where event == rest.first { rest.removeFirst() }
            if rest.isEmpty { return true }
            usleep(5_000)
        }
        return false
    }

    /// The first device that was attached.
    var device: ScannerDevice? {
        for _ in 0..<6_000 {
            for case .attached(let device) in all { return device }
            usleep(5_000)
        }
        return nil
    }

    var attachments: Int { all.count { if case .attached = $0 { true } else { false } } }

    func count(where isMeant: (ScannerEvent) -> Bool) -> Int { all.count(where: isMeant) }
}

private func code(_ text: String) -> ScannerEvent { .scanned(.code(Scan(text: text))) }

@Suite("A scanner's station")
struct ScannerStationTests {
    /// With a silence that no test on a busy machine falls into.
    private func serial(_ folder: ScratchFolder) throws -> ScannerProfile {
        try ScannerProfile.test(
            "line",
            "kind: 'serial', baud: 115200, match: { paths: ['\(folder.path)/scanner-*'] }, terminators: '0D 0A', "
                + "silenceMilliseconds: 1000")
    }

    private func stop(_ station: ScannerStation, _ thread: DedicatedThread) {
        station.stop()
        #expect(thread.join(until: SystemTime().now().advanced(milliseconds: 30_000)))
    }

    @Test("On a real line codes arrive whole; it is unplugged, missed once, and read again when it is back")
    func comesAndGoes() throws {
        let (folder, reports) = (try ScratchFolder(), Reports())
        let station = ScannerStation(.attached([try serial(folder)]), report: reports.add)
        let thread = station.start()
        #expect(reports.contain(.missing))
        var last: PseudoTerminal?
        for round in 1...2 {
            let line = try PseudoTerminal()
            let device = ScannerDevice(profile: "line", path: "\(folder.path)/scanner-\(round)")
            try folder.link("scanner-\(round)", to: line.path)
            #expect(reports.contain(.attached(device)), "\(reports.all)")
            line.send("YK1FIRST\(round)\r\nYK1SECOND\(round)\r")
            line.send("\nYK1THI")
            line.send("RD\(round)\r\n")
            #expect(reports.contain(code("YK1FIRST\(round)"), code("YK1SECOND\(round)"), code("YK1THIRD\(round)")))
            // Neither echoed, nor taken for a signal, an end of file or a new line by the system.
            line.send([0x41, 0x03, 0x04, 0x11, 0x13, 0x1A, 0x0D])
            #expect(reports.contain(.attached(device), .scanned(.garbled)))
            #expect(line.echo < 0)
            line.send("YK1CUT\(round)")
            #expect(reports.contain(.scanned(.incomplete(Scan(text: "YK1CUT\(round)")))))
            last = line
            try folder.remove("scanner-\(round)")
            line.unplug()
            #expect(reports.contain(.attached(device), .lost(device), .missing), "\(reports.all)")
        }
        stop(station, thread)
        #expect(reports.count { $0 == .missing } == 3 && last != nil)
        #expect(reports.count { if case .notOpened = $0 { true } else { false } } == 0)
    }

    @Test("A longest code and a whole burst get through a line, and what is too long is said once")
    func capacity() throws {
        let (folder, reports) = (try ScratchFolder(), Reports())
        let line = try PseudoTerminal()
        try folder.link("scanner-1", to: line.path)
        let station = ScannerStation(.attached([try serial(folder)]), report: reports.add)
        let thread = station.start()
        #expect(reports.contain(.attached(ScannerDevice(profile: "line", path: folder.path + "/scanner-1"))))
        let longest = String(repeating: "A", count: 512)
        line.send(longest + "\r")
        #expect(reports.contain(code(longest)))
        line.send((1...5).map { "BURST\($0)\r" }.joined())
        #expect(reports.contain(code("BURST1"), code("BURST5")))
        line.send(longest + longest + "\rAFTER\r")
        #expect(reports.contain(.scanned(.tooLong), code("AFTER")))
        #expect(reports.count { $0 == .scanned(.tooLong) } == 1)
        stop(station, thread)
    }

    @Test("What was scanned while nobody listened is dropped")
    func staleCodes() throws {
        let (folder, reports) = (try ScratchFolder(), Reports())
        let line = try PseudoTerminal()
        // Opened once, so that it keeps what is sent.
        let holder = unsafe open(line.path, O_RDWR | O_NOCTTY)
        defer { close(holder) }
        line.send("STALE\n")
        try folder.link("scanner-1", to: line.path)
        let station = ScannerStation(.attached([try serial(folder)]), report: reports.add)
        let thread = station.start()
        #expect(reports.contain(.attached(ScannerDevice(profile: "line", path: folder.path + "/scanner-1"))))
        line.send("FRESH\r")
        #expect(reports.contain(code("FRESH")))
        #expect(!reports.all.contains(code("STALE")))
        stop(station, thread)
    }

    @Test("A line that is read here nobody else can open", .enabled(if: geteuid() == 0))
    func exclusive() throws {
        let (folder, reports) = (try ScratchFolder(), Reports())
        let line = try PseudoTerminal()
        unsafe chmod(line.path, 0o666)
        // As somebody who is not root, as root may open everything.
        let script = "exec 3<>\(line.path)"
        #expect(try asNobody(script) == "")
        try folder.link("scanner-1", to: line.path)
        let station = ScannerStation(.attached([try serial(folder)]), report: reports.add)
        let thread = station.start()
        #expect(reports.contain(.attached(ScannerDevice(profile: "line", path: folder.path + "/scanner-1"))))
        #expect(try asNobody(script).contains("busy"))
        stop(station, thread)
    }

    private func asNobody(_ script: String) throws -> String {
        let (process, errors) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/setpriv")
        process.arguments = ["--reuid=65534", "--clear-groups", "bash", "-c", script]
        process.environment = ["LC_ALL": "C", "PATH": "/usr/bin:/bin"]
        process.standardError = errors
        try process.run()
        process.waitUntilExit()
        return String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    @Test("A configured path is read whatever is there, and a path that is not there is missing")
    func fixed() throws {
        let (folder, reports) = (try ScratchFolder(), Reports())
        let path = folder.path + "/mine"
        let profile = try ScannerProfile.test("virtual", "kind: 'serial', baud: 9600, terminators: '0D'")
        let station = ScannerStation(.fixed(profile, path: path), report: reports.add)
        let thread = station.start()
        #expect(reports.contain(.missing))
        let line = try PseudoTerminal()
        try folder.link("mine", to: line.path)
        #expect(reports.contain(.attached(ScannerDevice(profile: "virtual", path: path))))
        line.send("YK1A\r")
        #expect(reports.contain(code("YK1A")))
        stop(station, thread)
    }

    @Test("What is no line at all is said with the call that failed, once")
    func notALine() throws {
        let (folder, reports) = (try ScratchFolder(), Reports())
        try folder.write("YK1A\r", "scanner-1")
        let station = ScannerStation(.attached([try serial(folder)]), report: reports.add)
        let thread = station.start()
        let device = ScannerDevice(profile: "line", path: folder.path + "/scanner-1")
        #expect(reports.contain(.notOpened(device, ScannerError(call: "TIOCEXCL", code: ENOTTY))), "\(reports.all)")
        usleep(500_000)
        #expect(reports.all.count == 1)
        stop(station, thread)
    }

    @Test("A device that dies at once is not opened for ever and ever")
    func looseContact() throws {
        let (folder, reports) = (try ScratchFolder(), Reports())
        try folder.write("", "scanner-1")
        let profile = try serial(folder)
        let station = ScannerStation(
            .attached([profile]), places: ScannerPlaces(), time: SystemTime(), tick: {}, report: reports.add
        ) { _, _ throws(ScannerError) in Descriptor(adopting: unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)) }
        let thread = station.start()
        usleep(700_000)
        stop(station, thread)
        // At 0, 100 and 350 ms, and 500 ms later again: the pauses of the station.
        let attached = reports.count { if case .attached = $0 { true } else { false } }
        #expect((1...4).contains(attached) && reports.all.count == 2 * attached)
    }
}

/// A keyboard that does not exist, made through the kernel's uinput: for the system a real one.
private final class VirtualKeyboard {
    private let number: Int32

    static let isPossible = unsafe access("/dev/uinput", R_OK | W_OK) == 0

    /// - Parameters: its USB numbers, and the name that the kernel shows.
    init(vendor: UInt16, product: UInt16, name: String) throws {
        number = unsafe open("/dev/uinput", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { throw ScannerError(call: "open") }
        // linux/uinput.h: UI_SET_EVBIT for EV_KEY, UI_SET_KEYBIT for every key of a keyboard.
        var isDone = ioctl(number, 0x4004_5564, 1) == 0
        for key in 1..<120 { isDone = isDone && ioctl(number, 0x4004_5565, Int32(key)) == 0 }
        // struct uinput_setup: bus (3 is USB), vendor, product, version, then the name in 80 bytes, and effects.
        var setup: [UInt8] = []
        for number in [3, vendor, product, 1] { setup += [UInt8(number & 0xFF), UInt8(number >> 8)] }
        setup += Array(name.utf8) + [UInt8](repeating: 0, count: 84 - name.utf8.count)
        // UI_DEV_SETUP and UI_DEV_CREATE.
        isDone = unsafe ioctl(number, 0x405C_5503, &setup) == 0 && isDone
        guard isDone, ioctl(number, 0x5501) == 0 else { throw ScannerError(call: "uinput") }
    }

    /// The kernel keeps the last events for who is slow, and a scanner takes its time.
    func type(_ text: String) {
        let events = Keys.typing(text)
        for start in stride(from: 0, to: events.count, by: KeyEvents.size) {
            let event = Array(events[start..<start + KeyEvents.size])
            _ = unsafe write(number, event, event.count)
            if start / KeyEvents.size % 10 == 9 { usleep(1_000) }
        }
    }

    deinit { close(number) }
}

@Suite("A keyboard that the kernel makes", .enabled(if: VirtualKeyboard.isPossible))
struct RealKeyboardTests {
    @Test("It is found, grabbed from everybody else, read, lost, and found again")
    func grabbed() throws {
        let reports = Reports()
        let profile = try ScannerProfile.test(
            "real", "kind: 'keyboard', match: { usb: ['1EAB:F??3'] }, terminators: '0D', silenceMilliseconds: 2000")
        let station = ScannerStation(.attached([profile]), report: reports.add)
        let thread = station.start()
        #expect(reports.contain(.missing))
        var keyboard: VirtualKeyboard? = try VirtualKeyboard(vendor: 0x1EAB, product: 0xF003, name: "Yika test")
        let attached = try #require(reports.device, "\(reports.all)")
        let text = "YK1" + String(repeating: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", count: 11).prefix(333)
        // Somebody who reads along, as the console would.
        let reader = unsafe open(attached.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        keyboard?.type(text)
        #expect(reports.contain(.attached(attached), code(text)))
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(reader, &bytes, bytes.count)
        #expect(reader >= 0 && count < 0 && errno == EAGAIN)
        // A second station finds it in other hands, and says so.
        let others = Reports()
        let second = ScannerStation(.attached([profile]), report: others.add)
        let secondThread = second.start()
        #expect(others.contain(.notGrabbed(attached, ScannerError(call: "EVIOCGRAB", code: EBUSY))))
        keyboard = nil
        #expect(reports.contain(.attached(attached), .lost(attached), .missing))
        #expect(others.contain(.missing))
        // One of the two gets it when it is back.
        keyboard = try VirtualKeyboard(vendor: 0x1EAB, product: 0xF103, name: "Yika test")
        for _ in 0..<6_000 where reports.attachments + others.attachments < 2 { usleep(5_000) }
        #expect(reports.attachments + others.attachments == 2)
        for (station, thread) in [(station, thread), (second, secondThread)] {
            station.stop()
            #expect(thread.join(until: SystemTime().now().advanced(milliseconds: 30_000)))
        }
        withExtendedLifetime(keyboard) {}
    }
}

/// For machines without uinput: events go through a pipe, at the seam where a device's descriptor comes from. The grab is
/// an ioctl that only a device knows; here its refusal is played.
@Suite("A scanner that plays a keyboard")
struct KeyboardStationTests {
    private func tree() throws -> ScratchFolder {
        let folder = try ScratchFolder()
        let device = "sys/class/input/event3/device/"
        for (file, text) in [
            ("id/vendor", "1eab"), ("id/product", "8303"), ("name", "Newland HR2160"),
            ("capabilities/key", "fffffffffffffffe"),
        ] {
            try folder.write(text + "\n", device + file)
        }
        return folder
    }

    private func newland() throws -> ScannerProfile {
        try ScannerProfile.test(
            "newland", "kind: 'keyboard', match: { usb: ['1EAB:??03'] }, terminators: '0D', silenceMilliseconds: 2000")
    }

    @Test("Codes typed on keys arrive as text; while somebody else reads it, that is said once a cause")
    func typed() throws {
        let (folder, reports) = (try tree(), Reports())
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let attempts = Mutex(0)
        let station = ScannerStation(
            .attached([try newland()]), places: ScannerPlaces(sys: folder.path + "/sys", dev: "/DEV"),
            time: SystemTime(),
            tick: {}, report: reports.add
        ) { profile, path throws(ScannerError) in
            let attempt = attempts.withLock { count in
                count += 1
                return count
            }
            switch attempt {
            case 1, 2: throw ScannerError(call: "EVIOCGRAB", code: EBUSY)
            case 3: throw ScannerError(call: "open", code: EACCES)
            case 4: return Descriptor(adopting: reading)
            default: throw ScannerError(call: "open", code: ENODEV)
            }
        }
        let thread = station.start()
        let device = ScannerDevice(profile: "newland", path: "/DEV/input/event3")
        let busy = ScannerEvent.notGrabbed(device, ScannerError(call: "EVIOCGRAB", code: EBUSY))
        let closed = ScannerEvent.notOpened(device, ScannerError(call: "open", code: EACCES))
        #expect(reports.contain(busy, closed, .attached(device)), "\(reports.all)")
        let text = "YK1" + String(repeating: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", count: 11).prefix(333)
        let events = Keys.typing(text)
        // A pipe takes 64 KiB at once; a device is slower than that.
        var rest = events[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(4_000))
            #expect(unsafe write(writing, part, part.count) == part.count)
            rest = rest.dropFirst(part.count)
        }
        #expect(reports.contain(.attached(device), code(text)))
        close(writing)
        #expect(reports.contain(code(text), .lost(device), .missing))
        station.stop()
        #expect(thread.join(until: SystemTime().now().advanced(milliseconds: 30_000)))
        #expect(reports.count { $0 == busy } == 1 && reports.count { $0 == closed } == 1)
    }

    @Test("What is no input device cannot be grabbed, and that is an error with its name")
    func grab() {
        #expect {
            let device = try KeyboardLine.open("/dev/null")
            _ = device.number
        } throws: { error in
            (error as? ScannerError) == ScannerError(call: "EVIOCGRAB", code: ENOTTY)
        }
        #expect("\(ScannerError(call: "EVIOCGRAB", code: EBUSY))" == "EVIOCGRAB: Device or resource busy")
        #expect(ScannerError(call: "open", code: EBUSY).isBusy && !ScannerError(call: "open", code: EACCES).isBusy)
    }
}
