import Platform
import Scanner
import Simulator
import TestSupport
import Testing

@Suite("Codes out of bytes")
struct ScanAssemblerTests {
    private static let ends: [UInt8] = [0x0D, 0x0A]

    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: 0).advanced(milliseconds: milliseconds) }

    private func code(_ text: String) -> ScanOutcome { .code(Scan(text: text)) }

    /// What is sent in one read, or how long nothing is.
    private enum Step {
        case bytes([UInt8])
        case pause(Int64)

        static func text(_ text: String) -> Step { .bytes(Array(text.utf8)) }
    }

    private func outcomes(_ assembler: ScanAssembler, _ steps: [Step]) -> [ScanOutcome] {
        var assembler = assembler
        var now: Int64 = 5_000
        return steps.flatMap { step -> [ScanOutcome] in
            switch step {
            case .bytes(let bytes): return assembler.take(bytes, at: at(now))
            case .pause(let milliseconds):
                now += milliseconds
                return assembler.silence(at: at(now))
            }
        }
    }

    private func outcomes(_ steps: Step..., prefixes: [[UInt8]] = []) -> [ScanOutcome] {
        outcomes(ScanAssembler(terminators: Self.ends, prefixes: prefixes), steps)
    }

    @Test("A code ends at any terminator, and nothing between two of them is no code")
    func terminators() {
        for end in ["\r", "\n", "\r\n", "\n\r", "\r\n\r\n"] {
            #expect(outcomes(.text("YK1A\(end)YK1B\(end)")) == [code("YK1A"), code("YK1B")])
        }
        #expect(outcomes(.text("\r\n\r\n"), .pause(10_000)) == [])
    }

    @Test("A code is whole however its bytes are cut into reads")
    func cuts() {
        let text = Array("YK1ABCDEF\r\n".utf8)
        for cut in 0...text.count {
            #expect(outcomes(.bytes(Array(text[..<cut])), .bytes(Array(text[cut...]))) == [code("YK1ABCDEF")])
        }
        #expect(outcomes(ScanAssembler(terminators: Self.ends), text.map { .bytes([$0]) }) == [code("YK1ABCDEF")])
    }

    @Test("Several codes in one read are all handed on")
    func burst() {
        #expect(outcomes(.text("A\rB\rC\r")) == [code("A"), code("B"), code("C")])
    }

    @Test("Text without an end is incomplete after the silence, to the millisecond, and the next code begins anew")
    func silence() {
        #expect(outcomes(.text("YK1A"), .pause(149)) == [])
        #expect(outcomes(.text("YK1A"), .pause(150)) == [.incomplete(Scan(text: "YK1A"))])
        #expect(outcomes(.text("YK1A"), .pause(150), .pause(150)) == [.incomplete(Scan(text: "YK1A"))])
        #expect(outcomes(.text("YK1A"), .pause(100), .text("B"), .pause(149), .text("\r")) == [code("YK1AB")])
        #expect(
            outcomes(.text("YK1A"), .pause(200), .text("YK1B\r")) == [.incomplete(Scan(text: "YK1A")), code("YK1B")])
    }

    @Test("A thread that was late cuts no code in two: only silence does, and that is when nothing can be read")
    func lateThread() {
        var assembler = ScanAssembler(terminators: Self.ends)
        #expect(assembler.take("YK1".utf8, at: at(0)) == [] && assembler.deadline == at(150))
        #expect(assembler.take("ABC\r".utf8, at: at(9_000)) == [code("YK1ABC")] && assembler.deadline == nil)
    }

    @Test("A scanner without an end has silence for one")
    func noTerminator() {
        let assembler = ScanAssembler(terminators: [], silenceMilliseconds: 50)
        #expect(outcomes(assembler, [.text("YK1A"), .pause(49), .text("B"), .pause(50)]) == [code("YK1AB")])
    }

    @Test("The scanner's own prefix is taken away once, the longest that fits, and a prefix alone is no code")
    func prefixes() {
        let prefixes: [[UInt8]] = [[0x02], [0x5D, 0x51], [0x5D, 0x51, 0x31]]
        #expect(outcomes(.bytes([0x02, 0x41, 0x0D]), prefixes: prefixes) == [code("A")])
        #expect(outcomes(.text("]Q1YK1A\r]Q3YK1B\r"), prefixes: prefixes) == [code("YK1A"), code("3YK1B")])
        #expect(outcomes(.text("]Q]QX\r\u{02}\r"), prefixes: prefixes) == [code("]QX")])
    }

    @Test("Bytes that are no text make a code garbled, once, and harm no other; Chinese is text")
    func garbage() {
        for bytes: [UInt8] in [[0x00], [0x41, 0x1D, 0x42], [0x7F], [0xFF, 0xFE], [0xE4, 0xB8], [0x41, 0x00]] {
            #expect(outcomes(.bytes(bytes + [0x0D]), .text("YK1A\r")) == [.garbled, code("YK1A")], "\(bytes)")
            #expect(outcomes(.bytes(bytes), .pause(150)) == [.garbled])
        }
        #expect(outcomes(.text("一卡\r")) == [code("一卡")])
    }

    @Test("512 bytes are a code; one more is too long, said once, and dropped to the next end or silence")
    func tooLong() {
        let longest = String(repeating: "A", count: 512)
        #expect(outcomes(.text(longest + "\r")) == [code(longest)])
        #expect(
            outcomes(.text(longest + "A"), .text(longest), .text(longest + "\rYK1A\r")) == [.tooLong, code("YK1A")])
        #expect(
            outcomes(.text(longest + "AB"), .pause(149), .text("C"), .pause(150), .text("YK1A\r"))
                == [.tooLong, code("YK1A")])
    }

    @Test("A scanner that repeats itself is heard once for as long as it does, and again a second later")
    func repeats() {
        let again: [Step] = (0..<20).flatMap { _ in [Step.text("YK1A\r"), .pause(999)] }
        #expect(outcomes(ScanAssembler(terminators: Self.ends), again) == [code("YK1A")])
        #expect(outcomes(.text("YK1A\r"), .pause(1000), .text("YK1A\r")) == [code("YK1A"), code("YK1A")])
        #expect(outcomes(.text("A\rB\rA\r")) == [code("A"), code("B"), code("A")])
    }

    @Test("More than twenty scans in a second are a flood, said once a second")
    func flood() {
        let many = (0..<100).map { "\($0)\r" }.joined()
        let first = (0..<20).map { code("\($0)") } + [.flood]
        #expect(outcomes(.text(many)) == first)
        #expect(outcomes(.text(many), .pause(999), .text(many)) == first)
        #expect(outcomes(.text(many), .pause(1000), .text(many)) == first + first)
    }

    @Test("What a lost scanner had begun does not stay for the next one")
    func abandoned() {
        var assembler = ScanAssembler(terminators: Self.ends)
        _ = assembler.take("YK1".utf8, at: at(0))
        assembler.abandon()
        #expect(assembler.deadline == nil && assembler.take("A\r".utf8, at: at(1)) == [code("A")])
    }

    /// What a plain reading of the rules says about a stream without silence, all of it within one moment.
    private func expected(_ stream: [UInt8]) -> [ScanOutcome] {
        var outcomes: [ScanOutcome] = []
        var last: ScanOutcome?
        var pieces = stream.split(omittingEmptySubsequences: false) { Self.ends.contains($0) }
        let open = pieces.removeLast()
        for piece in pieces where !piece.isEmpty {
            if piece.count > 512 {
                outcomes.append(.tooLong)
            } else if let text = String(validating: piece, as: UTF8.self),
                !piece.contains(where: { $0 < 32 || $0 == 127 })
            {
                if code(text) != last { outcomes.append(code(text)) }
                last = code(text)
            } else {
                outcomes.append(.garbled)
            }
        }
        if open.count > 512 { outcomes.append(.tooLong) }
        return outcomes.count > 20 ? Array(outcomes[..<20]) + [.flood] : outcomes
    }

    @Test("Random bytes, cut anywhere, come out as a plain reading of the rules has them")
    func sweep() {
        let seed: UInt64 = 0x5343_414E
        var random = SplitMix64(seed: seed)
        let rounds = SweepSize.current == .quick ? 2_000 : SweepSize.current == .full ? 200_000 : 20_000
        var counts = (codes: 0, garbled: 0, tooLong: 0, floods: 0)
        for round in 0..<rounds {
            let isText = round % 3 > 0
            let length = round % 50 == 0 ? 2_000 : Int.random(in: 0...120, using: &random)
            let stream = (0..<length).map { _ -> UInt8 in
                // Ends are rarer in long streams, so that codes grow too long.
                if Int.random(in: 0..<(length > 1_000 ? 700 : 12), using: &random) == 0 { return 0x0D }
                return UInt8.random(in: isText ? 0x41...0x43 : 0...255, using: &random)
            }
            var assembler = ScanAssembler(terminators: Self.ends)
            var outcomes: [ScanOutcome] = []
            var rest = stream[...]
            while !rest.isEmpty {
                let cut = Int.random(in: 1...64, using: &random)
                outcomes += assembler.take(rest.prefix(cut), at: at(7))
                rest = rest.dropFirst(cut)
            }
            #expect(outcomes == expected(stream), "round \(round) of seed \(seed)")
            for outcome in outcomes {
                switch outcome {
                case .code, .incomplete: counts.codes += 1
                case .garbled: counts.garbled += 1
                case .tooLong: counts.tooLong += 1
                case .flood: counts.floods += 1
                }
            }
        }
        #expect(counts.codes > 0 && counts.garbled > 0 && counts.tooLong > 0)
        print("scans: \(rounds) random streams, seed \(seed): \(counts)")
    }
}
