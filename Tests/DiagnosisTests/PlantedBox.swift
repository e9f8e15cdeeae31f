import DeviceProfiles
import Foundation
import Health
import Platform
import Simulator
import SmartCard
import TestSupport
import USBReaders
import Voice

@testable import Diagnosis
@testable import Terminal

/// A box in a folder, in which all is well until a test plants a fault.
final class PlantedBox {
    let folder: String
    var configuration: [String: Any]
    var box: Box
    let time = SimulatedTime(wallMillisecondsAtBoot: 1_800_000_000_000)

    /// A well one, its daemon running.
    init() throws {
        folder = NSTemporaryDirectory() + "yika-box-\(UInt32.random(in: 0...UInt32.max))"
        configuration = [
            "terminal": ["number": 101, "name": "Under test", "role": "activation"],
            "stateDirectory": "/var/lib/yika-of-nobody", "profiles": Repository.profiles, "cardLayout": "campus-2026",
            "keys": "keys.json5", "credentials": "credentials.json5",
            "voice": ["device": "default", "languages": ["zh-CN", "en"]],
            "ledger": ["url": "http://127.0.0.1:9", "publicKey": String(repeating: "a1", count: 32)],
            "controlSocket": "control.sock",
        ]
        box = Box(
            readers: { () throws(PCSCError) in ["ACS ACR122U PICC Interface 00 00"] },
            daemon: { (_) throws(ControlQuestionError) in Self.status() },
            usb: { [Self.reader()] }, drivers: { Self.drivers() }, sound: { _ in nil },
            space: { _ in Box.Space(free: 20 << 30, total: 30 << 30) }, isClockKept: { true }, ledger: { _ in nil })
        box.root = folder
        box.configuration = folder + "/etc/yika/yikad.json5"
        box.time = time
        try write(
            "etc/yika/credentials.json5", #"{ "token": "t", "rosterKey": "\#(String(repeating: "0b", count: 32))" }"#)
        try FileManager.default.copyItem(
            atPath: Repository.profiles + "/terminals/demo/keys.json5", toPath: folder + "/etc/yika/keys.json5")
        for name in ["credentials", "keys"] { try setMode(0o640, "etc/yika/\(name).json5") }
        try write("proc/self/mountinfo", "1 0 8:1 / / rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n")
        try write(
            "proc/net/route",
            "Iface Destination Gateway Flags RefCnt Use Metric Mask\neth0 00000000 0101A8C0 3 0 0 0 00000000 0 0 0\n")
        try write("sys/class/net/eth0/carrier", "1\n")
        try write("sys/class/net/lo/carrier", "1\n")
        try write("sys/fs/ext4/sda1/errors_count", "0\n")
        try write("sys/block/mmcblk0/device/pre_eol_info", "0x01\n")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ path: String, _ text: String) throws {
        let url = URL(filePath: folder + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: folder + "/" + path) }

    func setMode(_ mode: Int, _ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder + "/" + path)
    }

    /// The codes that a look finds, in order; of one check, or of all of them.
    func codes(_ check: Check? = nil) throws -> [String] { try findings(check).compactMap(\.notice?.code) }

    func findings(_ check: Check? = nil) throws -> [Finding] {
        let file = folder + "/etc/yika/yikad.json5"
        if !FileManager.default.fileExists(atPath: file) {
            try JSONSerialization.data(withJSONObject: configuration).write(to: URL(filePath: file))
        }
        defer { try? FileManager.default.removeItem(atPath: file) }
        return Diagnosis.run(box, checks: check.map { [$0] } ?? Check.all)
    }

    // MARK: What is well

    static func status(
        version: String = TerminalVersion.current, connected: Bool? = true, expires: Int64? = nil,
        conditions: [StatusReport.Condition] = []
    ) -> StatusReport {
        let sync = SyncReport(
            answer: "status", terminal: 101, epoch: 1, url: "http://127.0.0.1:9", connected: connected, forSeconds: 60,
            uploading: connected, lastSuccessWallMilliseconds: nil, lastFailure: nil, stop: nil, queued: 0,
            oldestSeconds: nil, acknowledged: 2, lastSequence: 2, batch: 100, sending: false, nextTryMilliseconds: nil,
            attempts: 1, rosterVersion: 1, hotlistVersion: 1, settingsVersion: 1)
        return StatusReport(
            version: version, process: 7, forSeconds: 60, configuration: "", name: "Under test", role: "activation",
            doing: .waiting, readers: [], taps: 0, lastTap: nil, operatorNumber: nil,
            voice: .init(device: "default", languages: ["zh-CN"], volume: nil), screenPort: nil,
            credentialExpiresMilliseconds: expires, conditions: conditions, sync: sync)
    }

    static func reader(
        _ identity: String = "072F:2200", product: String = "ACR122U PICC Interface", bcdDevice: UInt16 = 0x0214,
        manufacturer: String = "ACS", kind: AttachedDevice.Kind = .init(0x0B, 0, 0), driver: String? = "usbfs"
    ) -> AttachedDevice {
        guard let identity = USBIdentity(identity), let port = PortPath("1-1.2") else { fatalError("no such device") }
        return AttachedDevice(
            port: port, address: 4, identity: identity, bcdDevice: bcdDevice, deviceClass: 0,
            manufacturer: manufacturer, product: product,
            interfaces: [.init(number: 0, kind: kind, driver: driver)])
    }

    static func drivers(escape: Bool = true) -> InstalledDrivers {
        func identity(_ text: String) -> USBIdentity {
            guard let identity = USBIdentity(text) else { fatalError("no identity \(text)") }
            return identity
        }
        return InstalledDrivers(lists: [
            DriverList(
                name: .acsccid, path: "/usr/lib/acsccid", version: "1.1.8",
                readers: [identity("072F:2200"): ["ACS ACR122U PICC Interface"]], allowsEscape: true),
            DriverList(
                name: .ccid, path: "/etc/libccid_Info.plist", version: "1.5.2",
                readers: [
                    identity("072F:2200"): ["ACS ACR122U PICC Interface"],
                    identity("076B:5422"): ["HID Global OMNIKEY 5422 Smartcard Reader"],
                    identity("1C34:7141"): ["SpringCard Prox'N'Roll"],
                ],
                allowsEscape: escape),
        ])
    }
}
