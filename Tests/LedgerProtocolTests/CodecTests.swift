import Platform
import Testing

@testable import LedgerProtocol

/// SplitMix64: small, and the same on every machine, so that a seed names a run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

extension ActivationIntent {
    static func random(_ random: inout SeededGenerator) -> ActivationIntent {
        let length = [4, 7, 10].randomElement(using: &random) ?? 4
        return ActivationIntent(
            uid: (0..<length).map { _ in .random(in: 0...255, using: &random) },
            layout: .random(in: 0 ... .max, using: &random), sector: .random(in: 0 ... .max, using: &random),
            keyVersion: .random(in: 0 ... .max, using: &random), account: .random(in: 0 ... .max, using: &random),
            cardSerial: .random(in: 0 ... .max, using: &random),
            permit: Bool.random(using: &random) ? .online : .roster,
            rosterVersion: .random(in: 0 ... .max, using: &random))
    }
}

extension ActivationOutcome {
    static func random(_ random: inout SeededGenerator) -> ActivationOutcome {
        ActivationOutcome(
            intent: .random(&random), intentSequence: .random(in: 0 ... .max, using: &random),
            result: Bool.random(using: &random) ? .activated : .chipDefective,
            smallPurse: Bool.random(using: &random) ? nil : Fen(.random(in: (.min + 1) ... .max, using: &random)),
            apdus: .random(in: 0 ... .max, using: &random),
            elapsedMilliseconds: .random(in: 0 ... .max, using: &random))
    }
}

@Suite("Activation records")
struct CodecTests {
    @Test("An intent has the bytes that its format says")
    func intentBytes() {
        let intent = ActivationIntent(
            uid: [0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66], layout: 0x0201, sector: 9, keyVersion: 3,
            account: 0x0807_0605_0403_0201, cardSerial: 0x0C0B_0A09, permit: .roster, rosterVersion: 5)
        #expect(
            intent.encoded.hex()
                == "0107" + "04112233445566000000" + "0102" + "09" + "03" + "0102030405060708" + "090a0b0c" + "02000000"
                + "0500000000000000" + "00000000")
    }

    @Test("An outcome has the bytes that its format says, also with a purse that could not be read")
    func outcomeBytes() {
        let intent = ActivationIntent(
            uid: [1, 2, 3, 4], layout: 1, sector: 2, keyVersion: 3, account: 4, cardSerial: 5, permit: .online,
            rosterVersion: 6)
        var outcome = ActivationOutcome(
            intent: intent, intentSequence: 7, result: .activated, smallPurse: Fen(350), apdus: 24,
            elapsedMilliseconds: 800)
        let head = "0104" + "01020304000000000000" + "0100" + "02" + "03" + "0400000000000000" + "05000000" + "01010000"
        #expect(
            outcome.encoded.hex()
                == head + "0700000000000000" + "5e01000000000000" + "0600000000000000" + "18000000" + "20030000")
        outcome.smallPurse = nil
        #expect(
            outcome.encoded.hex()
                == head + "0700000000000000" + "0000000000000080" + "0600000000000000" + "18000000" + "20030000")
    }

    @Test("What is encoded is decoded to the same")
    func roundTrip() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let intent = ActivationIntent.random(&random)
            #expect(ActivationIntent(decoding: intent.encoded) == intent)
            let outcome = ActivationOutcome.random(&random)
            #expect(ActivationOutcome(decoding: outcome.encoded) == outcome)
        }
        print("round trips: seed \(seed), 4000 records")
    }

    @Test("Whatever the bytes, decoding answers, and what it accepts encodes to bytes that decode to the same")
    func mutations() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        let rounds = 20_000
        for round in 0..<rounds {
            var bytes =
                round.isMultiple(of: 2)
                ? ActivationIntent.random(&random).encoded : ActivationOutcome.random(&random).encoded
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeLast(.random(in: 1...bytes.count, using: &random))
            case 1: bytes += [UInt8](repeating: 0, count: .random(in: 1...40, using: &random))
            case 2: bytes = bytes.map { _ in .random(in: 0...255, using: &random) }
            default:
                for _ in 0..<3 {
                    bytes[.random(in: 0..<bytes.count, using: &random)] ^= .random(in: 1...255, using: &random)
                }
            }
            if let intent = ActivationIntent(decoding: bytes) {
                accepted += 1
                #expect(ActivationIntent(decoding: intent.encoded) == intent)
            }
            if let outcome = ActivationOutcome(decoding: bytes) {
                accepted += 1
                #expect(ActivationOutcome(decoding: outcome.encoded) == outcome)
            }
        }
        print("mutations: seed \(seed), \(rounds) tried, \(accepted) still records, none trapped")
    }
}
