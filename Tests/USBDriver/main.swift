import Glibc
import Platform
import USBControl
import USBReaders

// Looks at USB devices and says what it sees, a line each, for the tests: what umockdev shows is seen by whole programs
// that are started under it, not by a test.
//
//   usb-driver list             what libusb finds
//   usb-driver sysfs            what the kernel's tree shows
//   usb-driver watch            what comes and goes, until its input ends
//   usb-driver hub PORT         what the hub at PORT says about its ports
//   usb-driver reset PORT       resets the device there
//   usb-driver power-cycle PORT takes its power away and gives it back

func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = unsafe write(STDOUT_FILENO, line, line.count)
}

func describe(_ device: AttachedDevice) -> String {
    let texts = [device.manufacturer, device.product, device.serial].map { $0 ?? "-" }.joined(separator: " | ")
    let interfaces = device.interfaces.map { interface in
        "\(interface.number): \(interface.kind.code)/\(interface.kind.subclass)/\(interface.kind.protocolCode)"
            + " \(interface.driver ?? "-")"
    }
    return "\(device.port) address \(device.address) \(device.identity) version \(device.bcdDevice) class"
        + " \(device.deviceClass) | \(texts) | \(interfaces.joined(separator: ", "))"
}

func watch() {
    let watch = USBWatch { event in
        switch event {
        case .attached(let device): say("attached \(describe(device))")
        case .detached(let port, let address): say("detached \(port) address \(address)")
        }
    }
    let thread = watch.start { say("error \($0)") }
    var byte: UInt8 = 0
    while unsafe read(STDIN_FILENO, &byte, 1) > 0 {}
    watch.stop()
    say(thread.join(until: SystemTime().now().advanced(milliseconds: 10_000)) ? "stopped" : "still running")
}

func withDevice(_ text: String?, _ body: (AttachedDevice) throws -> Void) throws {
    guard let port = text.flatMap({ PortPath($0) }), let device = SysfsUSB().device(at: port) else {
        say("no device")
        exit(1)
    }
    try body(device)
}

let arguments = CommandLine.arguments.dropFirst()
let port = arguments.dropFirst().first
do {
    switch arguments.first {
    case "list": for device in try USBBus().devices() { say(describe(device)) }
    case "sysfs": for device in SysfsUSB().devices() { say(describe(device)) }
    case "watch": watch()
    case "hub":
        try withDevice(port) { device in
            let bus = try USBBus.withoutDiscovery()
            say("\(try bus.open(device).hubDescriptor())")
        }
    case "reset": try withDevice(port) { try USBRepair().reset($0) }
    case "power-cycle": try withDevice(port) { try USBRepair().powerCycle($0) }
    default: exit(64)
    }
} catch {
    say("error \(error)")
    exit(1)
}
