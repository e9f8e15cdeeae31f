import CampusCard
import Crypto
import DeviceProfiles
import Ledger
import LedgerProtocol
import TestSupport

@testable import Terminal

/// What every campus has in common: the repository's own layout, demonstration keys and reader profiles.
struct Grounds: Sendable {
    let layout: CardLayout
    let keys: FileKeyRing
    let readers: [ReaderProfile]
    let ledgerKeys: LedgerKeys
    let rosterKey = [UInt8](repeating: 0x5A, count: 32)

    static let shared: Grounds = {
        do { return try Grounds() } catch { fatalError("the sample campus cannot be read: \(error)") }
    }()

    private init() throws {
        layout = try CardLayout.load(path: Repository.profiles + "/cards/campus-2026.json5")
        keys = try FileKeyRing(path: Repository.profiles + "/terminals/demo/keys.json5")
        let library = ProfileLibrary.load(directory: Repository.profiles + "/readers")
        readers = ["acr122u", "virtual-pcd"].compactMap { library.profile(id: $0) }
        let signing = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 0x17, count: 32))
        ledgerKeys = LedgerKeys(signingKey: signing, rosterKey: RosterKey(bytes: rosterKey))
    }

    static let token = "a-token-for-simulations-only"

    static func journalKey(_ terminal: UInt16) -> [UInt8] {
        Array(SHA256.hash(data: Array("journal key of \(terminal)".utf8)))
    }

    func configuration(_ terminal: UInt16, role: Configuration.Role = .activation) -> Configuration {
        Configuration(
            file: "", number: terminal, name: "Kiosk \(terminal)", stateDirectory: "", profiles: "",
            cardLayout: layout.id,
            keys: "",
            credentialsFile: "", credentials: .init(token: Self.token, journalKey: nil, rosterKey: rosterKey),
            readers: [], voice: .init(device: "", languages: []),
            ledger: .init(
                url: "", publicKey: ledgerKeys.publicKeyHex, permitMilliseconds: 800, heartbeatMilliseconds: nil),
            rosterMaximumAgeHours: 168, journalEpoch: 1, controlSocket: nil, role: role, canteen: .init(),
            screenPort: nil, successAfterMilliseconds: 3000)
    }
}
