import Foundation
import JournalFuzzing
import Simulator
import Testing

@Suite("What fuzzing found")
struct CorpusTests {
    @Test("every input that a fuzzer kept is still decoded, opened and written on without a trap")
    func replay() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Fixtures/corpus")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
            let targets = FuzzTarget.allCases
            targets[Int(bytes.first ?? 0) % targets.count].feed(Array(bytes.dropFirst()))
        }
        #expect(!names.isEmpty)
        print("journal: \(names.count) inputs of the fuzzer's corpus replayed")
    }

    @Test("random bytes and random changes of a journal are survived", arguments: FuzzTarget.allCases)
    func random(target: FuzzTarget) {
        let seed: UInt64 = 20
        var generator = SplitMix64(seed: seed)
        let count = Sweep.pick(quick: 300, normal: 1_000, full: 20_000)
        for _ in 0..<count {
            let length = target == .slot ? 128 : Int(generator.next() % 160)
            target.feed((0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 11) })
        }
        print("journal: \(count) random inputs for \(target.rawValue), seed \(seed)")
    }
}
