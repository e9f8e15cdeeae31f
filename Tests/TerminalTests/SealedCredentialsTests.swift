import Foundation
import TestSupport
import Testing

extension RealPrograms {
    @Suite("Sealed credentials")
    struct SealedCredentials {
        @Test(
            "the daemon starts with the secrets that systemd unsealed for it, and names their file when they are wrong")
        func unsealed() throws {
            let kiosk = try Kiosk()
            let folder = kiosk.folder + "/unsealed"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try FileManager.default.moveItem(
                atPath: kiosk.folder + "/credentials.json5", toPath: folder + "/yika-terminal")
            kiosk.configuration["credentials"] = "credential:yika-terminal"
            kiosk.environment["CREDENTIALS_DIRECTORY"] = folder
            try kiosk.open()
            #expect(try kiosk.stopDaemon().status == 0)

            try kiosk.write("unsealed/yika-terminal", ["token": "", "rosterKey": ""])
            let daemon = try kiosk.launchDaemon()
            #expect(daemon.waitForExit() == 78)
            #expect(daemon.errors.contains("unsealed/yika-terminal: token: expected a text"), "\(daemon.errors)")
        }
    }
}
