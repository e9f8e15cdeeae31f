import CampusCard
import Crypto
import DataFiles
import DeviceProfiles
import Health
import Platform
import Voice

/// Everything that is read from files before the terminal opens: what is wrong with any of it shows here, at the start.
struct Equipment {
    let readers: ProfileLibrary
    let layout: CardLayout
    let keys: FileKeyRing
    let catalogue: PromptCatalogue
    let signer: Curve25519.Signing.PublicKey

    /// Reads what `configuration` names. Faults that leave the terminal able to serve are raised in `health`.
    init(_ configuration: Configuration, health: HealthRegistry) throws(TerminalError) {
        readers = ProfileLibrary.load(directory: configuration.profiles + "/readers")
        if !readers.errors.isEmpty {
            health.raise(.profileInvalid, readers.errors.map(\.description).joined(separator: "; "))
        }
        do throws(DataFileError) {
            layout = try CardLayout.load(path: configuration.profiles + "/cards/\(configuration.cardLayout).json5")
            keys = try FileKeyRing(path: configuration.keys)
        } catch {
            throw .configuration(error.description)
        }
        if let key = layout.keyMissing(from: keys) {
            throw .configuration(configuration.keys, "keys", expected: "a key named \(key), as the card layout asks")
        }
        for (index, pinned) in configuration.readers.enumerated() where readers.profile(id: pinned.profile) == nil {
            throw .configuration(
                configuration.file, "readers[\(index)].profile",
                expected: "a reader profile's id; none is called \(pinned.profile)")
        }
        let voices = configuration.profiles + "/voices"
        do throws(DataFileError) {
            catalogue = try PromptCatalogue(file: voices + "/catalogue.json5")
        } catch {
            throw .configuration(error.description)
        }
        guard let bytes = [UInt8](hex: configuration.ledger.publicKey),
            let signer = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else { throw .configuration(configuration.file, "ledger.publicKey", expected: "an Ed25519 public key") }
        self.signer = signer
    }

    /// The voice packs.
    static func packs(
        _ configuration: Configuration, _ catalogue: PromptCatalogue, health: HealthRegistry
    ) -> [VoicePack] {
        var packs: [VoicePack] = []
        for language in configuration.voice.languages {
            // Where one language is spoken, a further pack fills the gaps of those before it, and no more of it is read.
            let fills = configuration.voice.speak ?? .first == .first
            let covered = packs
            do throws(DataFileError) {
                packs.append(
                    try VoicePack(folder: "\(configuration.profiles)/voices/\(language)") { name in
                        !fills || covered.isEmpty || Self.isGap(name, of: covered, catalogue)
                    })
            } catch {
                health.raise(.voicePackInvalid, error.description)
            }
        }
        return packs
    }

    /// Whether `name` is a part of a sentence that none of `packs` can say.
    private static func isGap(_ name: VoicePack.Name, of packs: [VoicePack], _ catalogue: PromptCatalogue) -> Bool {
        let gaps = catalogue.entries.filter { entry in !packs.contains { $0.canSay(entry, of: catalogue) } }
        return switch name {
        case .sentence(let text):
            gaps.contains { entry in
                text == entry.id.rawValue || text.hasPrefix("\(entry.id.rawValue)/")
            }
        case .word: gaps.contains { entry in entry.text.values.contains { !(SentenceText($0)?.isWhole ?? true) } }
        }
    }

    /// What the profiles say of the reader that pcscd calls `name`.
    func find(_ name: String, pinned: [Configuration.PinnedReader]) -> ProfileLibrary.Finding {
        for pin in pinned where name.contains(pin.name) {
            if let profile = readers.profile(id: pin.profile) {
                return .match(ProfileLibrary.Match(profile: profile, why: "fixed in the configuration for \(pin.name)"))
            }
        }
        return readers.find(readerName: name)
    }
}
