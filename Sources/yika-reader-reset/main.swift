import DeviceProfiles
import Glibc
import Platform
import USBControl
import USBReaders

// yika-reader-reset: takes one request for the reset of a card reader out of a folder, carries it out, and ends.
// Started by systemd as root (`systemd/yika-reader-reset.path`); nobody needs to start it by hand.
//
//   yika-reader-reset [REQUESTS [STAMPS [PROFILES]]]
//
// Exit status: 0 the request was carried out, or there was none; 1 it was refused or failed, and its outcome says why;
// 64 usage; 71 a folder cannot be used.

func say(_ text: String, priority: Int) {
    // systemd takes the number in front as the line's priority (sd-daemon(3)).
    let line = Array("<\(priority)>\(text)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
}

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count <= 3, !arguments.contains(where: { $0.hasPrefix("-") }) else {
    say("usage: yika-reader-reset [REQUESTS [STAMPS [PROFILES]]]", priority: 3)
    exit(64)
}
let requests = arguments.first ?? ResetDesk.standardFolder
let stamps = arguments.count > 1 ? arguments[1] : "/run/yika-reader-reset"
let profiles = arguments.count > 2 ? arguments[2] : "/usr/share/yika/device-profiles/readers"

let library = ProfileLibrary.load(directory: profiles)
// Without profiles it still serves every reader with a CCID interface.
for error in library.errors { say("\(error); correct the file there", priority: 4) }
let clerk = ResetClerk(
    requests: requests, stamps: stamps, profiles: library, sysfs: SysfsUSB(), time: SystemTime(), repair: USBRepair())
do throws(USBError) {
    guard let served = try clerk.serveOne() else { exit(0) }
    let outcome = served.outcome
    let reason = [outcome.reason?.rawValue, outcome.detail, outcome.reason?.english].compactMap(\.self)
    // A name that is no port's may hold anything, and is not repeated.
    let text = "\(PortPath(served.name).map { "\($0)" } ?? "a file"): \(outcome.result.rawValue)"
    say(([text] + reason).joined(separator: ": "), priority: outcome.result == .done ? 6 : 4)
    exit(outcome.result == .done ? 0 : 1)
} catch {
    say("\(requests) or \(stamps): \(error); see that systemd-tmpfiles has made them", priority: 3)
    exit(71)
}
