import Journal
import LedgerProtocol
import Platform
import Simulator
import Testing

@Suite("Compression of batches")
struct BatchCompressionTests {
    /// What a kiosk writes on a day of mass activation: an intent and an outcome for each card.
    private func records(_ count: Int, seed: UInt64 = 1) throws -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        let time = SimulatedTime()
        let journal = try JournalWriter.open(
            storage: SimulatedStorage(seed: seed), terminal: 3,
            key: ChainKey(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }), time: time,
            options: JournalOptions(epoch: 5))
        for _ in 0..<count / 2 {
            time.advance(milliseconds: Int64.random(in: 4000...20_000, using: &generator))
            let intent = ActivationIntent(
                uid: (0..<7).map { _ in UInt8.random(in: 0...255, using: &generator) }, layout: 1, sector: 9,
                keyVersion: 1, account: UInt64.random(in: 1...60_000, using: &generator), cardSerial: 1,
                permit: .online, rosterVersion: 12)
            let sequence = try journal.append(
                type: RecordType(rawValue: ActivationRecordType.intent), payload: intent.encoded
            ).sequence
            let elapsed = UInt32.random(in: 700...1000, using: &generator)
            time.advance(milliseconds: Int64(elapsed))
            let outcome = ActivationOutcome(
                intent: intent, intentSequence: sequence, result: .activated,
                smallPurse: Fen(Int64.random(in: 0...3000, using: &generator)), apdus: 26, elapsedMilliseconds: elapsed)
            _ = try journal.append(
                type: RecordType(rawValue: ActivationRecordType.outcome), payload: outcome.encoded)
        }
        return try journal.records(from: 1, limit: count).flatMap(\.bytes)
    }

    @Test("a batch of 512 records takes at most 64 bytes a record on the wire, and comes out as it went in")
    func size() throws {
        for count in [512, 64, 8192] {
            let bytes = try records(count)
            #expect(bytes.count == count * Slot.size)
            let packed = BatchCompression.compress(bytes)
            #expect(try BatchCompression.decompress(packed, limit: bytes.count) == bytes)
            let tenths = packed.count * 10 / count
            print("wire: \(tenths / 10).\(tenths % 10) bytes a record in batches of \(count) (64 promised)")
            #expect(packed.count <= 64 * count)
        }
    }

    @Test("any bytes come out as they went in, none and incompressible ones too")
    func identity() throws {
        var generator = SplitMix64(seed: 7)
        for count in [0, 1, 127, 128, 70_000] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let packed = BatchCompression.compress(bytes)
            #expect(packed == BatchCompression.compress(bytes))
            #expect(try BatchCompression.decompress(packed, limit: count) == bytes)
            #expect(try BatchCompression.decompress(packed, limit: count + 1) == bytes)
        }
    }

    @Test("a bomb is cut off at the limit, and one byte over the limit is over it")
    func bomb() throws {
        let packed = BatchCompression.compress([UInt8](repeating: 0, count: 64 << 20))
        #expect(packed.count < 100_000)
        #expect(throws: BatchCompressionError.tooLong(limit: 1 << 20)) {
            try BatchCompression.decompress(packed, limit: 1 << 20)
        }
        let three = BatchCompression.compress([1, 2, 3])
        #expect(throws: BatchCompressionError.tooLong(limit: 2)) { try BatchCompression.decompress(three, limit: 2) }
    }

    @Test("cut anywhere, with any bit turned or with bytes after the end, a batch is refused and never another batch")
    func damage() throws {
        let bytes = try records(16)
        let packed = BatchCompression.compress(bytes)
        for end in 0..<packed.count {
            #expect(throws: BatchCompressionError.self) {
                try BatchCompression.decompress(Array(packed[..<end]), limit: bytes.count)
            }
        }
        var harmless = 0
        for index in packed.indices {
            for bit in 0..<8 {
                var other = packed
                other[index] ^= 1 << bit
                guard let found = try? BatchCompression.decompress(other, limit: bytes.count) else { continue }
                #expect(found == bytes)
                harmless += 1
            }
        }
        // What the header says of time, speed and operating system says nothing about the bytes.
        #expect(harmless <= 10 * 8)
        #expect(throws: BatchCompressionError.trailingBytes(1)) {
            try BatchCompression.decompress(packed + [0], limit: bytes.count)
        }
        #expect(throws: BatchCompressionError.trailingBytes(packed.count)) {
            try BatchCompression.decompress(packed + packed, limit: bytes.count * 2)
        }
        #expect(throws: BatchCompressionError.damaged) {
            try BatchCompression.decompress(Array("<html>please log in</html>".utf8), limit: 1000)
        }
    }
}
