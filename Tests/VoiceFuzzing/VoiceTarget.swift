import DataFiles
import Platform

@testable import Voice

/// What comes from files that anybody may have made: sound, manifests, catalogues, texts.
public enum VoiceTarget: UInt8, CaseIterable, Sendable {
    case sound, manifest, catalogue, text

    /// The target that an input's first byte chooses, and what it is fed.
    public static func chosen(by input: [UInt8]) -> (VoiceTarget, [UInt8])? {
        guard let first = input.first else { return nil }
        return (allCases[Int(first) % allCases.count], Array(input.dropFirst()))
    }

    /// Feeds it `bytes`; only a trap is a failure.
    public func feed(_ bytes: [UInt8]) {
        switch self {
        case .sound:
            guard let sound = try? WAV(bytes), !sound.samples.isEmpty else { return }
            precondition(WAV.rates.contains(sound.sampleRate))
            precondition(sound.samples.count <= bytes.count / 2, "more samples than the file has")
        case .manifest:
            guard let manifest = try? JSON5File.decode(PackManifest.self, from: bytes, file: "manifest.json") else {
                return
            }
            // Nothing a manifest names is looked for outside of its folder.
            for (_, entry, path) in manifest.files { _ = try? manifest.samples(of: entry, at: path, in: "/nowhere") }
        case .catalogue:
            guard let catalogue = try? PromptCatalogue(bytes, file: "catalogue.json5") else { return }
            for entry in catalogue.entries {
                _ = catalogue.tone(of: entry.id)?.samples(rate: 8_000)
                for language in entry.text.keys {
                    guard let text = entry.parts(in: language) else {
                        preconditionFailure("a catalogue that was accepted has a text that cannot be taken apart")
                    }
                    _ = text.names(of: entry.id)
                }
            }
        case .text:
            guard let text = SentenceText(String(decoding: bytes, as: UTF8.self)) else { return }
            precondition(text.names(of: .ready).count <= text.parts.count + 1)
        }
    }
}
