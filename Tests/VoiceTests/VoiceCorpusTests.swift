import Foundation
import Testing
import VoiceFuzzing

@Suite("Files that anybody may have made")
struct VoiceCorpusTests {
    /// Inputs that once were interesting: the first byte chooses the target.
    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/voice-corpus").path

    @Test("Nothing that was ever found traps, and neither does any of it with bytes changed")
    func replay() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.corpus).sorted()
        let inputs = try files.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.corpus)/\($0)"))) }
        #expect(Set(inputs.compactMap { VoiceTarget.chosen(by: $0)?.0 }) == Set(VoiceTarget.allCases))
        let seed: UInt64 = 0x7A1C_E5ED
        var random = SplitMix(state: seed)
        var fed = 0
        for input in inputs {
            for round in 0..<4_000 {
                guard let (target, bytes) = VoiceTarget.chosen(by: input) else { continue }
                var changed = bytes
                for _ in 0..<(round == 0 ? 0 : 1 + random.next() % 3) where !changed.isEmpty {
                    let index = Int(random.next() % UInt64(changed.count))
                    switch random.next() % 3 {
                    case 0: changed[index] = UInt8(truncatingIfNeeded: random.next())
                    case 1: changed.remove(at: index)
                    default: changed.insert(changed[Int(random.next() % UInt64(changed.count))], at: index)
                    }
                }
                target.feed(changed)
                fed += 1
            }
        }
        print("voice files: \(inputs.count) kept inputs, \(fed) fed with bytes changed, seed \(seed)")
    }
}
