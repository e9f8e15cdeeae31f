import DeviceProfiles
import Foundation

/// A reader that nobody makes, as unlike PC/SC part 3 as the format allows, and the driver that would serve it.
enum AcmeWave {
    static let profile = """
        {
            id: "acme-wave",
            title: "Acme Wave",
            evidence: ["invented for this test"],
            verified: true,
            support: "supported",
            drivers: [{ name: "ccid" }],
            match: {
                usb: ["F00D:0001"],
                names: ["Acme Wave"],
                otherSlots: ["SAM"],
                counterfeits: [{ id: "F00D:0001", product: "Wavv" }],
            },
            commands: {
                uid: "A7 01 00 00 07",
                loadKey: "A7 10 {slot} {keyType} {rest} {key}",
                authenticate: "A7 11 {keyType} {slot} 02 00 {block}",
                read: "A7 20 {block} 00 10",
                write: "A7 21 {block} 00 10 {data}",
                readBlocks: { send: "A7 22 {block} 00 {length}", most: 3 },
                writeBlocks: { send: "A7 23 {block} 00 {rest} {blocks}", most: 3 },
                readWithKey: { send: "A7 24 {block} {keyType} 06 {key} {length}", most: 3 },
                writeWithKey: { send: "A7 25 {block} {keyType} {rest} {key} {blocks}", most: 3 },
                readValue: "A7 33 {block} 00 04",
                storeValue: "A7 32 {block} 00 04 {valueBE}",
                increment: "A7 30 {block} 00 04 {valueBE}",
                decrement: "A7 31 {block} 00 04 {valueBE}",
                copyValue: "A7 34 {block} {target}",
            },
            keySlots: { A: [16, 17], B: [32, 33] },
            keyMemory: "volatile",
            statusWords: {
                ok: ["2000"],
                authenticationFailed: ["E101"],
                notAuthenticated: ["E102"],
                notPermitted: ["E103"],
                noAnswer: ["E104"],
                badParameter: ["E105"],
                unsupported: ["E106"],
            },
            afterAuthFailure: "reconnect",
            latencyMilliseconds: 15,
            limits: { level: "short", message: 271 },
            controlCodes: { ccid: 1 },
            lights: { transport: "apdu", onSuccess: { send: "A7 40 01 00 00", answer: "20 00" } },
            setup: [{ transport: "apdu", send: "A7 41 00 00 00", answer: "20 00", why: "no beep" }],
            polling: {
                transport: "escape",
                on: { send: "A7 42 01", answer: "20" },
                off: { send: "A7 42 00", answer: "20" },
            },
            quirks: ["It does not exist."],
        }
        """

    /// A driver's list as libccid's, entities and all.
    static let driver = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
            <!-- Possible values: see the manual -->
            <key>CFBundleExecutable</key> <string>libccid.so</string>
            <key>CFBundleShortVersionString</key> <string>1.5.2</string>
            <key>ifdDriverOptions</key> <string>0x0005</string>
            <key>ifdVendorID</key> <array><string>0xF00D</string><string>0xF00D</string></array>
            <key>ifdProductID</key> <array><string>0x0001</string><string>0x0001</string></array>
            <key>ifdFriendlyName</key>
            <array><string>Acme Wave Reader</string><string>Acme Wave &amp; Tide Reader</string></array>
        </dict>
        </plist>
        """
}

/// A folder for one test, removed with it.
final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path() + "/yika-profiles-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}
