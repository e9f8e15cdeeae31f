import Simulator
import Testing

@testable import Journal

@Suite("Writing past the page cache")
struct DirectWindowTests {
    @Test("small and large writes at any place leave exactly their bytes, to the end of the file and beyond it")
    func anyPlace() throws {
        let scratch = try Scratch()
        let storage = try FileStorage(directory: scratch.path)
        var random = SplitMix64(seed: 71)
        // No multiple of a sector, so that the last sector cannot be written whole.
        var expected = [UInt8](repeating: 0, count: 200_000)
        try storage.create("file", size: expected.count).sync()
        let file = try storage.open("file")
        for _ in 0..<Sweep.pick(quick: 200, normal: 1000, full: 10_000) {
            let count =
                Int.random(in: 0...3, using: &random) == 0
                ? Int.random(in: 1...100_000, using: &random) : Int.random(in: 1...1024, using: &random)
            let offset = Int.random(in: 0...200_000, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            try file.write(bytes, at: offset)
            if offset + count > expected.count {
                expected += [UInt8](repeating: 0, count: offset + count - expected.count)
            }
            expected.replaceSubrange(offset..<offset + count, with: bytes)
        }
        try file.sync()
        #expect(try storage.contents(of: "file") == expected)
    }
}
