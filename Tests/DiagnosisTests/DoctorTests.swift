import DeviceProfiles
import Foundation
import Health
import Platform
import Simulator
import SmartCard
import TestSupport
import Testing
import USBReaders
import Voice

@testable import Diagnosis
@testable import Terminal

@Suite("Doctor")
struct DoctorTests {
    @Test("on a box in which all is well no check finds anything, and every check looks")
    func allIsWell() throws {
        let box = try PlantedBox()
        let findings = try box.findings()
        #expect(findings.compactMap(\.notice?.code) == [])
        #expect(findings.filter(\.isWaiting).isEmpty)
        #expect(Set(findings.map(\.check)) == Set(Check.all.map(\.name)))
        #expect(Set(Check.all.map(\.name)).count == Check.all.count)
        for check in Check.all { #expect(!check.title.chinese.isEmpty && !check.title.english.isEmpty) }
    }

    @Test("five faults planted at once are all five named, and nothing else is")
    func fiveFaults() throws {
        let planted = try PlantedBox()
        planted.box.usb = { [PlantedBox.reader(driver: "pn533_usb")] }
        planted.box.readers = { () throws(PCSCError) in [] }
        planted.box.sound = { _ in
            SoundError(call: "snd_pcm_open", code: -2, meaning: "No such file", device: "default")
        }
        planted.box.daemon = { (_) throws(ControlQuestionError) in throw .notThere("Connection refused") }
        planted.box.isClockKept = { false }
        #expect(try planted.codes() == ["YK-C03", "YK-R02", "YK-R07", "YK-S01", "YK-K01"])
    }

    @Test("a box that was just installed is told what is missing, in one list")
    func firstStart() throws {
        let planted = try PlantedBox()
        planted.box.configuration = "/nowhere/yikad.json5"
        planted.box.readers = { () throws(PCSCError) in throw PCSCError(call: "SCardEstablishContext", code: .noService)
        }
        #expect(try planted.codes() == ["YK-C02", "YK-R01"])
    }

    // MARK: Files and programs

    @Test("configuration: missing, malformed")
    func configuration() throws {
        let planted = try PlantedBox()
        try planted.write("etc/yika/yikad.json5", "{ terminal: }")
        #expect(try planted.codes(.configuration) == ["YK-C01"])
        planted.box.configuration += ".missing"
        #expect(try planted.codes(.configuration) == ["YK-C02"])
    }

    @Test("credentials: not enrolled, readable by everybody, malformed")
    func credentials() throws {
        let planted = try PlantedBox()
        #expect(try planted.codes(.credentials) == [])
        try planted.setMode(0o644, "etc/yika/keys.json5")
        #expect(try planted.codes(.credentials) == ["YK-C05"])
        try planted.setMode(0o640, "etc/yika/keys.json5")
        try planted.write("etc/yika/credentials.json5", "{}")
        try planted.setMode(0o640, "etc/yika/credentials.json5")
        #expect(try planted.codes(.credentials) == ["YK-C01"])
        try planted.remove("etc/yika/credentials.json5")
        #expect(try planted.codes(.credentials) == ["YK-N15"])
    }

    @Test("files: what the daemon would not start with, and what it would start in spite of")
    func files() throws {
        let planted = try PlantedBox()
        #expect(try planted.codes(.files) == [])
        planted.configuration["voice"] = ["device": "default", "languages": ["fr"]]
        #expect(try planted.codes(.files) == ["YK-S02"])
        planted.configuration["cardLayout"] = "of-nobody"
        #expect(try planted.codes(.files) == ["YK-C01"])
    }

    @Test("daemon and versions: not running, of another version; who may not ask is told so and nothing else")
    func daemon() throws {
        let planted = try PlantedBox()
        planted.box.daemon = { (_) throws(ControlQuestionError) in PlantedBox.status(version: "0.0.1") }
        #expect(try planted.codes(.versions) == ["YK-C04"])
        #expect(try planted.codes(.daemon) == [])
        planted.box.daemon = { (_) throws(ControlQuestionError) in throw .noAnswer }
        #expect(try planted.codes(.daemon) == ["YK-C03"])
        planted.box.daemon = { (_) throws(ControlQuestionError) in throw .forbidden }
        #expect(try planted.findings(.daemon).map(\.verdict) == [.skipped])
    }

    @Test("conditions: what the daemon says of itself, unless a check has found it; not what may still mend itself")
    func conditions() throws {
        let planted = try PlantedBox()
        @Sendable func condition(_ notice: Notice, visible: Bool = true) -> StatusReport.Condition {
            .init(
                code: notice.code, id: notice.id, severity: notice.severity.rawValue, detail: "d", forSeconds: 1,
                isVisible: visible)
        }
        planted.box.daemon = { (_) throws(ControlQuestionError) in
            PlantedBox.status(conditions: [
                condition(.journalDamaged), condition(.clockNotSet), condition(.soundMissing, visible: false),
            ])
        }
        planted.box.isClockKept = { false }
        #expect(try planted.codes() == ["YK-K01", "YK-J02"])
    }

    // MARK: Readers

    @Test("pcscd: not there, and refusing by polkit")
    func pcscd() throws {
        let planted = try PlantedBox()
        for (code, notice) in [(PCSCError.Code.noService, "YK-R01"), (.securityViolation, "YK-R05")] {
            planted.box.readers = { () throws(PCSCError) in throw PCSCError(call: "SCardEstablishContext", code: code) }
            #expect(try planted.codes(.pcscd) == [notice])
        }
    }

    @Test("readers: none, unknown, ruled out; a known one is told with its profile and why")
    func readers() throws {
        let planted = try PlantedBox()
        let known = try #require(try planted.findings(.readers).first)
        #expect(known.detail.english.contains("profile acr122u") && known.detail.english.contains("USB 072F:2200"))
        planted.box.usb = { [] }
        for (name, codes) in [("", ["YK-R02"]), ("Never Seen 3000 00 00", ["YK-R03"])] {
            planted.box.readers = { () throws(PCSCError) in name.isEmpty ? [] : [name] }
            #expect(try planted.codes(.readers) == codes, "\(name)")
        }
        let ruledOut = ProfileLibrary.load(directory: Repository.profiles + "/readers").profiles
            .first { !$0.isUsable && !$0.match.names.isEmpty }
        let name = try #require(ruledOut?.match.names.first)
        planted.box.readers = { () throws(PCSCError) in ["\(name) 00 00"] }
        #expect(try planted.codes(.readers) == ["YK-R04"])
    }

    @Test("usb: taken by the kernel, playing a keyboard, counterfeit, without a driver")
    func usb() throws {
        let planted = try PlantedBox()
        #expect(try planted.codes(.usb) == [])
        let faults: [(AttachedDevice, String)] = [
            (PlantedBox.reader(driver: "pn533_usb"), "YK-R07"),
            (
                PlantedBox.reader("076B:5428", product: "OMNIKEY 5427 CK", kind: .init(3, 1, 1), driver: "usbhid"),
                "YK-R08"
            ),
            (PlantedBox.reader(product: "RF1258V603 PICC Interface", manufacturer: "RFCARD"), "YK-R09"),
            (PlantedBox.reader("072F:2308", product: "ACR1552 1S CL Reader", driver: nil), "YK-R12"),
        ]
        for (device, code) in faults {
            planted.box.usb = { [device] }
            #expect(try planted.codes(.usb) == [code], "\(device)")
        }
    }

    @Test("escape: a reader whose lights need what the driver does not let through")
    func escape() throws {
        let planted = try PlantedBox()
        let profile = ProfileLibrary.load(directory: Repository.profiles + "/readers").profiles.first { profile in
            profile.isUsable && profile.drivers.first?.name == .ccid
                && (profile.lights?.transport == .escape || profile.buzzer?.transport == .escape)
                && !profile.match.names.isEmpty
        }
        let reader = try #require(profile, "no profile needs escape commands")
        let identity = try #require(reader.match.usb.first?.identity)
        planted.box.readers = { () throws(PCSCError) in ["\(reader.match.names[0]) 00 00"] }
        for (allows, codes) in [(true, []), (false, ["YK-R06"])] {
            planted.box.drivers = {
                InstalledDrivers(lists: [
                    DriverList(
                        name: .ccid, path: "/etc/libccid_Info.plist", version: "1.5.2",
                        readers: [identity: [reader.match.names[0]]],
                        allowsEscape: allows)
                ])
            }
            #expect(try planted.codes(.escape) == codes)
        }
    }

    // MARK: Sound and scanner

    @Test("sound: a device that cannot be opened, asked only while no daemon has it")
    func sound() throws {
        let planted = try PlantedBox()
        planted.box.sound = { SoundError(call: "snd_pcm_open", code: -16, meaning: "busy", device: $0) }
        #expect(try planted.codes(.sound) == [])
        planted.box.daemon = { (_) throws(ControlQuestionError) in throw .notThere("") }
        #expect(try planted.codes(.sound) == ["YK-S01"])
    }

    @Test("scanner: configured and not attached; not configured is none of the box's")
    func scanner() throws {
        let planted = try PlantedBox()
        #expect(try planted.findings(.scanner).map(\.verdict) == [.skipped])
        planted.configuration["terminal"] = ["number": 201, "name": "Till", "role": "canteen"]
        planted.configuration["canteen"] = ["scanner": [String: Any]()]
        #expect(try planted.codes(.scanner) == ["YK-Q01"])
        planted.configuration["canteen"] = ["scanner": ["profile": "virtual", "path": "/dev/ttyACM0"]]
        #expect(try planted.codes(.scanner) == [])
    }

    // MARK: Disk

    @Test(
        "disk-mount: in memory, read-only, without barriers",
        arguments: [
            ("tmpfs tmpfs rw", ["YK-J09"]), ("ext4 /dev/sda2 ro", ["YK-J09"]),
            ("ext4 /dev/sda2 rw,nobarrier", ["YK-J09"]),
            ("ext4 /dev/sda2 rw,data=writeback", ["YK-J09"]), ("ext4 /dev/sda2 rw,data=ordered", []),
        ])
    func mount(kind: String, codes: [String]) throws {
        let planted = try PlantedBox()
        let root = "1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
        let other = "3 1 8:3 / /var/lib/yika-of rw - tmpfs tmpfs rw\n"
        try planted.write(
            "proc/self/mountinfo", root + other + "2 1 8:2 / /var/lib/yika-of-nobody rw,noatime - \(kind)\n")
        #expect(try planted.codes(.mount) == codes)
    }

    @Test("disk-space and disk-health: nearly full, counting errors, worn")
    func disk() throws {
        let planted = try PlantedBox()
        planted.box.space = { _ in Box.Space(free: 40 << 20, total: 8 << 30) }
        #expect(try planted.codes(.space) == ["YK-J07"])
        try planted.write("sys/fs/ext4/sda1/errors_count", "3\n")
        try planted.write("sys/block/mmcblk0/device/pre_eol_info", "0x03\n")
        #expect(try planted.codes(.wear) == ["YK-J08", "YK-J08"])
    }

    // MARK: Clock, network, ledger

    @Test("clock: kept by nobody, or showing a time before this program was made")
    func clock() throws {
        let planted = try PlantedBox()
        planted.box.isClockKept = { false }
        #expect(try planted.codes(.clock) == ["YK-K01"])
        planted.box.isClockKept = { nil }
        #expect(try planted.findings(.clock).map(\.verdict) == [.skipped])
        planted.box.time = SimulatedTimeAtEpoch()
        #expect(try planted.codes(.clock) == ["YK-K01"])
    }

    private struct SimulatedTimeAtEpoch: TimeSource {
        func now() -> Instant { Instant(nanoseconds: 0) }
        func wallMilliseconds() -> Int64 { 0 }
        func sleep(until instant: Instant) {}
    }

    @Test("network: no link, no way out; a way out by IPv6 alone will do")
    func network() throws {
        let planted = try PlantedBox()
        try planted.write("proc/net/route", "Iface Destination Gateway\n")
        planted.box.daemon = { (_) throws(ControlQuestionError) in PlantedBox.status(connected: false) }
        #expect(try planted.codes(.network) == ["YK-N13"])
        let zeros = String(repeating: "0", count: 32)
        try planted.write("proc/net/ipv6_route", "\(zeros) 00 \(zeros) 00 \(zeros) ffffffff 1 0 00200200 lo\n")
        #expect(try planted.codes(.network) == ["YK-N13"])
        try planted.write("proc/net/ipv6_route", "\(zeros) 00 \(zeros) 00 \(zeros) 00000400 1 0 00000003 eth0\n")
        #expect(try planted.codes(.network) == [])
        try planted.write("sys/class/net/eth0/carrier", "0\n")
        #expect(try planted.codes(.network) == ["YK-N13"])
    }

    @Test("ledger: by the daemon's word while it runs, else asked itself")
    func ledger() throws {
        let planted = try PlantedBox()
        planted.box.daemon = { (_) throws(ControlQuestionError) in PlantedBox.status(connected: false) }
        #expect(try planted.codes(.ledger) == ["YK-N01"])
        planted.box.daemon = { (_) throws(ControlQuestionError) in throw .notThere("") }
        #expect(try planted.codes(.ledger) == [])
        planted.box.ledger = { _ in LedgerTrouble(notice: .notALedger, detail: "a login page") }
        #expect(try planted.codes(.ledger) == ["YK-N12"])
    }

    @Test("credential-expiry: soon, and over")
    func expiry() throws {
        let planted = try PlantedBox()
        let now = planted.time.wallMilliseconds()
        for (expires, codes) in [
            (nil, []), (now + 40 * 86_400_000, []), (now + 86_400_000, ["YK-N06"]), (now - 1, ["YK-N14"]),
        ]
            as [(Int64?, [String])]
        {
            planted.box.daemon = { (_) throws(ControlQuestionError) in PlantedBox.status(expires: expires) }
            #expect(try planted.codes(.expiry) == codes)
        }
    }

    @Test("units: one that does not start by itself, one that has given up, and none that is not installed")
    func units() throws {
        let planted = try PlantedBox()
        let timer = UnitState("yika-renew.timer", file: "enabled", active: "active")
        for (units, codes) in [
            (nil, []), ([timer], []),
            ([UnitState("yikad.service", load: "not-found", file: "", active: "inactive")], []),
            ([UnitState("yikad.service", file: "enabled-runtime", active: "failed")], []),
            ([timer, UnitState("yikad.service", file: "disabled", active: "active")], ["YK-C06"]),
            ([UnitState("yika-close-day.timer", load: "masked", file: "masked", active: "inactive")], ["YK-C06"]),
            ([UnitState("yika-reader-reset.service", file: "static", active: "failed")], ["YK-C07"]),
            ([UnitState("yika-reader-reset.path", file: "disabled", active: "failed")], ["YK-C06", "YK-C07"]),
        ] as [([UnitState]?, [String])] {
            planted.box.units = { _ in units }
            #expect(try planted.codes(.units) == codes, "\(String(describing: units))")
        }
        #expect(
            UnitState.read(
                """
                Id=yikad.service
                LoadState=loaded
                ActiveState=active
                UnitFileState=enabled

                Id=yika-renew.timer
                LoadState=not-found
                UnitFileState=
                ActiveState=inactive

                """) == [
                    UnitState("yikad.service", file: "enabled", active: "active"),
                    UnitState("yika-renew.timer", load: "not-found", file: "", active: "inactive"),
                ])
    }
}
