import CardFuzzing
import Foundation
import TestSupport
import Testing

@Suite("What fuzzing of cards, profiles and layouts found")
struct CardCorpusTests {
    @Test("Every input that a fuzzer kept is decoded, refused or served without a trap")
    func replay() throws {
        let corpus = try corpus()
        for input in corpus { CardTarget.chosen(by: input).map { $0.target.feed($0.bytes) } }
        for target in CardTarget.allCases {
            #expect(corpus.contains { CardTarget.chosen(by: $0)?.target == target })
        }
        print("cards: \(corpus.count) inputs of the fuzzer's corpus replayed")
    }

    @Test("Random changes of these inputs are survived", arguments: CardTarget.allCases)
    func mutations(of target: CardTarget) throws {
        let inputs = try corpus().filter { CardTarget.chosen(by: $0)?.target == target }
        let seed: UInt64 = 25
        var mutation = Mutation(seed: seed)
        let count =
            switch SweepSize.current {
            case .quick: 200
            case .normal: 2_000
            case .full: 50_000
            }
        for number in 0..<count {
            CardTarget.chosen(by: mutation.changed(inputs[number % inputs.count])).map { $0.target.feed($0.bytes) }
        }
        print("cards: \(count) changed inputs for \(target.rawValue), seed \(seed)")
    }

    /// The inputs in the order of their names.
    private func corpus() throws -> [[UInt8]] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/card-corpus")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
            [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
        }
    }
}
