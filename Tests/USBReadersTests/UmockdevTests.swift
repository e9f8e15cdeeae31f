import Foundation
import Platform
import TestSupport
import Testing
import USBReaders

/// Whole programs before a kernel that umockdev and `Fixtures/usb-bench` play: sysfs, udev, device nodes and their ioctls.
@Suite("On devices that umockdev shows")
struct UmockdevTests {
    @Test(
        "libusb and the kernel's tree tell the same of every device: place, numbers, texts, interfaces and who has them"
    )
    func sourcesAgree() throws {
        let bench = USBBench(
            "hub", "superspeed-hub", "acr122u-grabbed", "omnikey-5422", "memory-stick")
        let libusb = try bench.run("usb-driver", "list")
        let sysfs = try bench.run("usb-driver", "sysfs")
        #expect(libusb.lines == sysfs.lines)
        #expect(libusb.status == 0 && sysfs.status == 0, "\(libusb.errors) \(sysfs.errors)")
        #expect(
            sysfs.lines.map { String($0.prefix { $0 != " " }) } == [
                "usb1", "1-1", "1-1.2", "1-1.3", "1-1.4", "usb2", "2-1",
            ])
        #expect(
            sysfs.lines.dropFirst(3).prefix(2) == [
                "1-1.3 address 4 072F:2200 version 518 class 0 | ACS | ACR122U PICC Interface | - | 0: 11/0/0 pn533_usb",
                "1-1.4 address 7 076B:5422 version 256 class 0 | HID Global | OMNIKEY 5422 Smartcard Reader"
                    + " | OKCM0061511160423110016141000000 | 0: 11/0/0 -, 1: 11/0/0 -",
            ])
    }

    @Test("What is plugged in and out while somebody watches is told, with its port, and the watch ends when it is to")
    func hotplug() throws {
        let steps = [
            "wait attached usb1", "add omnikey-5422", "wait attached 1-1.4", "remove 1-1.4", "wait detached 1-1.4",
            "remove 1-1.3", "wait detached 1-1.3", "end",
        ]
        let run = try USBBench("hub", "acr122u", options: steps.flatMap { ["--then", $0] }).run("usb-driver", "watch")
        #expect(run.status == 0, "\(run.errors)")
        let heads = run.lines.map { line in line.split(separator: " ").prefix(4).joined(separator: " ") }
        #expect(
            Set(heads.prefix(3)) == ["attached usb1 address 1", "attached 1-1 address 2", "attached 1-1.3 address 4"])
        #expect(
            heads.dropFirst(3) == [
                "attached 1-1.4 address 7", "detached 1-1.4 address 7", "detached 1-1.3 address 4", "stopped",
            ])
    }

    @Test("A reset reaches the device asked for, and no other")
    func reset() throws {
        let run = try USBBench("hub", "acr122u", "omnikey-5422").run("usb-driver", "reset", "1-1.3")
        #expect(run.lines == ["kernel: reset 1-1.3"])
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("A device that does not come back from a reset is told so")
    func deaf() throws {
        let run = try USBBench("hub", "acr122u", options: ["--deaf", "1-1.3"]).run("usb-driver", "reset", "1-1.3")
        #expect(run.kernel == ["reset 1-1.3"])
        #expect(run.program == [#"error notBack("libusb_reset_device: not there")"#])
    }

    @Test(
        "A hub that switches ports by themselves takes a reader's power and gives it back, and the reader is found anew"
    )
    func powerCycle() throws {
        let run = try USBBench.switching().run("usb-driver", "power-cycle", "1-1.3")
        #expect(
            run.lines.map { $0 } == [
                "kernel: hub descriptor 29 of 1-1", "kernel: port 3 of 1-1 off", "kernel: port 3 of 1-1 on",
            ])
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("Both halves of a USB 3 socket lose their power, each by its own kind of hub, and both get it back")
    func bothHalves() throws {
        let run = try USBBench(
            "hub", "superspeed-hub", "acr122u",
            options: [
                "--peer", "1-1.3=2-1.3", "--hub", "1-1=\(USBBench.individual)", "--hub", "2-1=\(USBBench.superSpeed)",
            ]
        ).run("usb-driver", "power-cycle", "1-1.3")
        #expect(
            run.kernel == [
                "hub descriptor 29 of 1-1", "hub descriptor 2a of 2-1", "port 3 of 1-1 off", "port 3 of 2-1 off",
                "port 3 of 1-1 on", "port 3 of 2-1 on",
            ])
        #expect(run.status == 0, "\(run.program) \(run.errors)")
    }

    @Test("A hub that switches all ports together, or says nothing about it, is left alone")
    func ganged() throws {
        let bench = USBBench("hub", "acr122u", options: ["--hub", "1-1=\(USBBench.ganged)"])
        let run = try bench.run("usb-driver", "power-cycle", "1-1.3")
        #expect(run.kernel == ["hub descriptor 29 of 1-1"])
        #expect(run.program == [#"error noPortPower("hub 1-1 with 7 ports switches: ganged")"#])
        let silent = try USBBench("hub", "acr122u").run("usb-driver", "power-cycle", "1-1.3")
        #expect(silent.kernel == ["1-1 refuses a0 06 2900 0000"])
        #expect(silent.status == 1)
        // One half of the socket can, the other cannot: nothing is switched.
        let half = try USBBench(
            "hub", "superspeed-hub", "acr122u",
            options: ["--peer", "1-1.3=2-1.3", "--hub", "1-1=\(USBBench.individual)"]
        ).run("usb-driver", "power-cycle", "1-1.3")
        #expect(!half.kernel.contains { $0.hasPrefix("port") })
        #expect(half.status == 1)
    }

    @Test("A reader that stays away after its port has power again is told so")
    func staysAway() throws {
        let run = try USBBench.switching("--dead", "1-1.3").run("usb-driver", "power-cycle", "1-1.3")
        #expect(run.kernel.suffix(2) == ["port 3 of 1-1 off", "port 3 of 1-1 on"])
        #expect(run.program == [#"error notBack("not back after 6000 ms")"#])
    }
}

/// The privileged helper as a whole program, before the same kernel.
@Suite("The helper for resets, as systemd starts it")
struct ResetProgramTests {
    private let folder = try? Folder()

    private func serve(_ request: String, name: String, _ bench: USBBench) throws -> (USBBench.Run, ResetOutcome?) {
        let folder = try #require(folder)
        try FileManager.default.createDirectory(atPath: folder.path + "/stamps", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: folder.path + "/requests", withIntermediateDirectories: true)
        try Data(request.utf8).write(to: URL(filePath: "\(folder.path)/requests/\(name)"))
        let run = try bench.run(
            "yika-reader-reset", folder.path + "/requests", folder.path + "/stamps", Repository.profiles + "/readers")
        let visible = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/requests").filter {
            !$0.hasPrefix(".")
        }
        // systemd would start the helper for it again, and again.
        #expect(visible == [])
        let answer = FileManager.default.contents(atPath: "\(folder.path)/requests/.\(name).done")
        return (run, answer.flatMap { ResetOutcome(Array($0)) })
    }

    private func line(_ action: String, port: String = "1-1.3", product: String = "2200") -> String {
        #"{"action":"\#(action)","port":"\#(port)","vendor":"072f","product":"\#(product)"}"#
    }

    @Test("It resets the reader that it is asked to, answers, and says so in the log")
    func resets() throws {
        let (run, outcome) = try serve(line("reset"), name: "1-1.3", USBBench("hub", "acr122u"))
        #expect(run.lines == ["kernel: reset 1-1.3"])
        #expect(outcome == .done)
        #expect(run.status == 0)
        #expect(run.errors == "<6>1-1.3: done\n")
        // And not again at once, whoever asks.
        let (again, refused) = try serve(line("reset"), name: "1-1.3", USBBench("hub", "acr122u"))
        #expect(again.kernel == [])
        #expect(refused?.reason == .tooOften)
        #expect(again.status == 1)
    }

    @Test("It switches the port of the reader off and on where the hub can, and refuses where it cannot")
    func powerCycles() throws {
        let ganged = USBBench("hub", "acr122u", options: ["--hub", "1-1=\(USBBench.ganged)"])
        let (refused, no) = try serve(line("power-cycle"), name: "1-1.3", ganged)
        #expect(no?.reason == .noPortPower)
        #expect(refused.status == 1)
        let other = ResetProgramTests()
        let (run, outcome) = try other.serve(line("power-cycle"), name: "1-1.3", .switching())
        #expect(run.kernel.suffix(2) == ["port 3 of 1-1 off", "port 3 of 1-1 on"])
        #expect(outcome == .done)
    }

    @Test("It touches neither a disk nor a hub, whoever they say they are")
    func refusesOthers() throws {
        let stick = #"{"action":"reset","port":"1-1.2","vendor":"0781","product":"5567"}"#
        let (run, outcome) = try serve(stick, name: "1-1.2", USBBench("hub", "memory-stick"))
        #expect(run.lines == [])
        #expect(outcome?.reason == .notAReader)
        let hub = #"{"action":"power-cycle","port":"1-1","vendor":"2001","product":"f103"}"#
        let (second, answer) = try serve(hub, name: "1-1", .switching())
        #expect(second.kernel == [])
        #expect(answer?.reason == .notAReader)
    }

    @Test(
        "Root without a single capability can serve what another user asks for through the folder's group",
        .enabled(if: getuid() == 0))
    func withoutCapabilities() throws {
        let folder = try #require(folder)
        let (group, stranger) = (gid_t(54_321), uid_t(54_322))
        let requests = folder.path + "/requests"
        try FileManager.default.createDirectory(atPath: requests, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: folder.path + "/stamps", withIntermediateDirectories: true)
        try folder.write(line("reset"), to: "requests/1-1.3")
        unsafe #expect(chown(requests, stranger, group) == 0 && chmod(requests, 0o770) == 0)
        unsafe #expect(chown(requests + "/1-1.3", stranger, group) == 0 && chmod(requests + "/1-1.3", 0o640) == 0)
        let run = try USBBench("hub", "acr122u").run(
            "yika-reader-reset", requests, folder.path + "/stamps", Repository.profiles + "/readers",
            through: [
                "setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--regid=\(group)",
                "--clear-groups",
            ])
        #expect(run.lines == ["kernel: reset 1-1.3"])
        #expect(run.status == 0, "\(run.errors)")
        let answer = try FileManager.default.attributesOfItem(atPath: requests + "/.1-1.3.done")
        #expect(answer[.groupOwnerAccountID] as? Int == Int(group))
        #expect(answer[.posixPermissions] as? Int == 0o640)
    }

    @Test("It has nothing to do without a request, and complains when its folders are not there")
    func nothingToDo() throws {
        let folder = try #require(folder)
        let empty = try USBBench("hub").run("yika-reader-reset", folder.path, folder.path)
        #expect(empty.status == 0 && empty.lines == [])
        let none = try USBBench("hub").run("yika-reader-reset", folder.path + "/none", folder.path)
        #expect(none.status == 71)
        #expect(none.errors.contains("systemd-tmpfiles"))
        #expect(try USBBench("hub").run("yika-reader-reset", "--help").status == 64)
    }
}
