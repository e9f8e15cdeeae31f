import Foundation
import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Recogniser

/// What a desk has reported, for a test that waits for it.
private final class Reports: Sendable {
    private let events = Mutex<[FaceEvent]>([])

    var all: [FaceEvent] { events.withLock { $0 } }

    func add(_ event: FaceEvent) { events.withLock { $0.append(event) } }

    /// Waits for an event that is meant; the first such.
    func first(where isMeant: (FaceEvent) -> Bool) -> FaceEvent? {
        for _ in 0..<6_000 {
            if let event = all.first(where: isMeant) { return event }
            usleep(5_000)
        }
        return nil
    }

    var connections: Int { all.count { if case .connected = $0 { true } else { false } } }
}

/// A recogniser of the test's own, on a real socket.
private final class Module {
    let number: Int32
    private var rest: [UInt8] = []

    init(_ path: String) throws {
        number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw FaceDeskError(path: path, call: "connect") }
    }

    deinit { close(number) }

    @discardableResult
    func say(_ text: String) -> Bool { say(Array((text + "\n").utf8)) }

    @discardableResult
    func say(_ bytes: [UInt8]) -> Bool {
        unsafe send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    func offer(_ account: UInt64, score: Int = 990) {
        let now = SystemTime().wallMilliseconds()
        say(#"{"account":\#(account),"score":\#(score),"liveness":990,"time":\#(now)}"#)
    }

    /// The next line; `nil` at the end, or when none comes for half a minute.
    func next() -> String? {
        while true {
            if let end = rest.firstIndex(of: 10) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&wait, 1, 30_000) > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(number, &bytes, bytes.count, 0)
            guard count > 0 else { return nil }
            rest += bytes[..<count]
        }
    }
}

@Suite("The face's desk on a real socket", .serialized)
struct FaceDeskTests {
    /// A desk that runs, and what it reported.
    private final class Counter {
        let folder = NSTemporaryDirectory() + "yika-face-\(UUID().uuidString.prefix(8))"
        let reports = Reports()
        let desk: FaceDesk
        let thread: DedicatedThread
        var path: String { folder + "/face.sock" }

        init(peers: FacePeers = FacePeers(users: [geteuid()])) throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            // So fresh that no test on a busy machine is too late.
            let rule = FaceRule(freshMilliseconds: 60_000)
            desk = try FaceDesk(path: folder + "/face.sock", rule: rule, peers: peers, report: reports.add)
            thread = desk.start()
        }

        deinit {
            desk.stop()
            _ = thread.join(until: SystemTime().now().advanced(milliseconds: 30_000))
            try? FileManager.default.removeItem(atPath: folder)
        }

        func ask(_ number: UInt64, fen: UInt32 = 1_000) {
            desk.ask(FaceOrder(number: number, amountFen: fen, shownMilliseconds: SystemTime().wallMilliseconds()))
        }

        /// Connects, again and again while the desk lets nobody in.
        func module() throws -> Module {
            let module = try Module(path)
            #expect(module.next() == #"{"event":"hello","protocol":1}"#)
            return module
        }
    }

    @Test("A recogniser hears of a sale, its match reaches the till, and the decision comes back")
    func sale() throws {
        let counter = try Counter()
        let module = try counter.module()
        counter.ask(7)
        #expect(module.next()?.hasPrefix(#"{"event":"waiting","order":7,"since":"#) == true)
        module.offer(4711, score: 100)
        #expect(module.next() == #"{"event":"refused","order":7,"reason":"score-too-low"}"#)
        module.offer(4711)
        let matched = counter.reports.first { if case .matched = $0 { true } else { false } }
        guard case .matched(let match, order: 7) = matched else {
            Issue.record("\(counter.reports.all)")
            return
        }
        #expect(match.account == 4711 && match.score == 990)
        counter.desk.conclude(7)
        #expect(module.next() == #"{"event":"taken","order":7}"#)
        counter.ask(8)
        counter.desk.withdraw()
        #expect(module.next()?.hasPrefix(#"{"event":"waiting","order":8"#) == true)
        #expect(module.next() == #"{"event":"idle","order":8}"#)
        let peer = counter.reports.first { if case .connected = $0 { true } else { false } }
        #expect(peer == .connected(FacePeer(process: getpid(), user: geteuid(), group: getegid())))
    }

    @Test("Garbage is answered and counted, a line may come in pieces, and the sale is made all the same")
    func garbage() throws {
        let counter = try Counter()
        let module = try counter.module()
        counter.ask(1)
        _ = module.next()
        for garbage in ["", "{", "GET / HTTP/1.1", "\u{1}\u{2}"] {
            module.say(garbage)
            #expect(module.next() == #"{"code":"malformed","event":"error"}"#)
        }
        module.say([UInt8](repeating: 0xFF, count: 600) + [10])
        #expect(module.next() == #"{"code":"too-long","event":"error"}"#)
        #expect(counter.desk.malformed == 5)
        let now = SystemTime().wallMilliseconds()
        for part in [#"{"account":5,"#, #""score":990,"#, #""liveness":990,"time":\#(now)}"#] {
            module.say(Array(part.utf8))
            usleep(30_000)
        }
        module.say([10])
        #expect(counter.reports.first { if case .matched = $0 { true } else { false } } != nil)
    }

    @Test("The socket is for its owner and group alone, and gone with the desk")
    func mode() throws {
        let counter = try Counter()
        var status = stat()
        #expect(unsafe lstat(counter.path, &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFSOCK && status.st_mode & 0o777 == 0o660)
        #expect(status.st_uid == geteuid() && status.st_gid == getegid())
        counter.desk.stop()
        #expect(counter.thread.join(until: SystemTime().now().advanced(milliseconds: 30_000)))
        #expect(unsafe lstat(counter.path, &status) != 0)
    }

    @Test("One recogniser at a time: a second one is told so, and the next one is let in when the first has gone")
    func busy() throws {
        let counter = try Counter()
        var first: Module? = try counter.module()
        let second = try Module(counter.path)
        #expect(second.next() == #"{"code":"busy","event":"error"}"# && second.next() == nil)
        #expect(counter.reports.first { if case .turnedAway(_, .busy) = $0 { true } else { false } } != nil)
        // The first one has heard nothing of it.
        counter.ask(3)
        #expect(first?.next()?.hasPrefix(#"{"event":"waiting","order":3"#) == true)
        first = nil
        let third = try counter.module()
        #expect(third.next()?.hasPrefix(#"{"event":"waiting","order":3"#) == true)
        #expect(counter.reports.connections == 2)
    }

    @Test("Neither user nor group configured: turned away, unheard")
    func strangers() throws {
        let counter = try Counter(peers: FacePeers(users: [geteuid() + 1], groups: [getegid() + 1]))
        let module = try Module(counter.path)
        #expect(module.next() == #"{"code":"not-allowed","event":"error"}"# && module.next() == nil)
        let event = counter.reports.first { if case .turnedAway = $0 { true } else { false } }
        #expect(event == .turnedAway(FacePeer(process: getpid(), user: geteuid(), group: getegid()), .notAllowed))
        #expect(counter.reports.connections == 0)
        // Its group alone is enough.
        let other = try Counter(peers: FacePeers(groups: [getegid()]))
        _ = try other.module()
    }

    @Test("Another user cannot even knock", .enabled(if: geteuid() == 0))
    func otherUser() throws {
        let counter = try Counter(peers: FacePeers(users: [65_534]))
        chmod(counter)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setpriv")
        process.arguments = [
            "--reuid=65534", "--clear-groups", "--regid=65534", Repository.root + "/tools/face-module", "--socket",
            counter.path, "--account", "1", "--wait-s", "0",
        ]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        process.waitUntilExit()
        let said = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(said == "face-module: \(counter.path): Permission denied\n")
        #expect(process.terminationStatus == 2 && counter.reports.all.isEmpty)
    }

    /// The folder is for everybody, so that only the socket's own mode is tried.
    private func chmod(_ counter: Counter) { _ = unsafe Glibc.chmod(counter.folder, 0o755) }

    @Test("A recogniser that floods is cut off, stays out for a moment, and may come again")
    func flood() throws {
        let counter = try Counter()
        let module = try counter.module()
        let noise = [UInt8](repeating: 0x41, count: 4095) + [10]
        for _ in 0..<10_000 { guard module.say(noise) else { break } }
        #expect(counter.reports.first { if case .disconnected(_, .tooMany) = $0 { true } else { false } } != nil)
        #expect(counter.desk.malformed <= 16)
        _ = try counter.module()
        #expect(counter.reports.connections == 2)
    }

    @Test("A recogniser that does not read is cut off, and the till never waits for it")
    func deaf() throws {
        let counter = try Counter()
        let module = try counter.module()
        var isCut = false
        for number in 0..<200_000 where !isCut {
            counter.ask(UInt64(number))
            if number % 1_000 == 0 { usleep(2_000) }
            isCut = counter.reports.all.contains { if case .disconnected(_, .deaf) = $0 { true } else { false } }
        }
        #expect(counter.reports.first { if case .disconnected(_, .deaf) = $0 { true } else { false } } != nil)
        withExtendedLifetime(module) {}
    }

    @Test("A stopped desk ends although a recogniser is connected, and a path that is too long is an error")
    func stopping() throws {
        let counter = try Counter()
        let module = try counter.module()
        counter.desk.stop()
        #expect(module.next() == nil)
        #expect(counter.thread.join(until: SystemTime().now().advanced(milliseconds: 30_000)))
        let long = "/tmp/" + String(repeating: "x", count: 110)
        #expect(throws: FaceDeskError(path: long, problem: "longer than 107 bytes")) {
            _ = try FaceDesk(path: long, rule: FaceRule(), peers: FacePeers()) { _ in }
        }
        #expect(throws: FaceDeskError.self) {
            _ = try FaceDesk(path: "/nowhere/face.sock", rule: FaceRule(), peers: FacePeers()) { _ in }
        }
    }

    @Test(
        "The simulated module pays for the account it is told, and is refused when it is not sure",
        arguments: [(990, Int32(0)), (500, 1)])
    func simulated(score: Int, status: Int32) throws {
        let counter = try Counter()
        counter.ask(21)
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: Repository.root + "/tools/face-module")
        process.arguments = [
            "--socket", counter.path, "--account", "4711", "--score", "\(score)", "--delay-ms", "20", "--once",
        ]
        process.standardOutput = output
        try process.run()
        let decided = counter.reports.first {
            switch $0 {
            case .matched(let match, order: 21): match.account == 4711 && status == 0
            case .refused(_, .scoreTooLow): status == 1
            default: false
            }
        }
        #expect(decided != nil, "\(counter.reports.all)")
        counter.desk.conclude(21)
        process.waitUntilExit()
        #expect(process.terminationStatus == status)
        let lines = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(lines.hasPrefix(#"{"event":"hello","protocol":1}"# + "\n" + #"{"event":"waiting","order":21"#))
    }
}
