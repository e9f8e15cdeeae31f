import Journal
import Platform
import Simulator
import SmartCard

/// A kiosk's own clocks: one counts from its last boot, the other may be wrong.
final class BoxClock: TimeSource, @unchecked Sendable {
    private let campus: SimulatedTime
    private var booted: Instant
    /// Whether the wall clock shows 1970 and the time since boot, as a box without a battery does.
    var isWrong = false

    init(_ campus: SimulatedTime) {
        self.campus = campus
        booted = campus.now()
    }

    func boot() { booted = campus.now() }

    func now() -> Instant { Instant(nanoseconds: campus.now().nanoseconds - booted.nanoseconds) }

    func wallMilliseconds() -> Int64 { isWrong ? now().milliseconds : campus.wallMilliseconds() }

    func sleep(until instant: Instant) {
        campus.sleep(until: Instant(nanoseconds: booted.nanoseconds + instant.nanoseconds))
    }
}

/// A disk that loses power at a planned operation, and says whether it has.
struct BoxDisk {
    private(set) var storage: SimulatedStorage
    private var cut: Int?
    private var failure: Int?

    init(seed: UInt64) { storage = SimulatedStorage(seed: seed) }

    var isOff: Bool { cut.map { storage.operations >= $0 } ?? false }
    var hasFailed: Bool { failure.map { storage.operations >= $0 } ?? false }
    var hasFaultAhead: Bool { cut != nil || failure != nil }

    mutating func planPowerCut(in operations: Int) {
        let number = storage.operations + operations
        storage.plan(.powerCut, atOperation: number)
        cut = number
    }

    mutating func planFailure(_ code: Int32, in operations: Int) {
        let number = storage.operations + operations
        storage.plan(.failure(code), atOperation: number)
        failure = number
    }

    mutating func restart(afterPowerCut: Bool) {
        storage = afterPowerCut ? storage.afterPowerCut() : storage.afterProcessEnd()
        cut = nil
        failure = nil
    }
}

/// The kiosk's reader as the station sees it: dead when the box is, and watched at every command.
final class BoxTransport: CardTransport {
    private let kiosk: Kiosk
    private let reader: SimulatedReader

    init(kiosk: Kiosk, reader: SimulatedReader) {
        self.kiosk = kiosk
        self.reader = reader
    }

    var atr: [UInt8] { reader.atr }

    func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        try requirePower("SCardTransmit")
        kiosk.willTransmit()
        // What happens meanwhile may have cost the box its power.
        try requirePower("SCardTransmit")
        defer { kiosk.didTransmit() }
        return try reader.transmit(command)
    }

    func reselect() throws(PCSCError) {
        try requirePower("SCardReconnect")
        try reader.reselect()
    }

    func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        try requirePower("SCardControl")
        return try reader.control(code: code, command)
    }

    private func requirePower(_ call: String) throws(PCSCError) {
        guard kiosk.isOn else { throw PCSCError(call: call, code: .readerUnavailable) }
    }
}

/// What an append was told is durable.
struct Promise: Hashable {
    let type: RecordType
    let payload: [UInt8]
}

/// The journal as the terminal uses it, with a witness of everything that it promised to keep.
struct WitnessedJournal: RecordSink, JournalFeed {
    let journal: JournalWriter
    let witness: @Sendable (UInt64, Promise) -> Void

    var terminal: UInt16 { journal.terminal }
    var epoch: UInt32 { journal.epoch }
    var firstSequence: UInt64 { journal.firstSequence }
    var lastSequence: UInt64 { journal.lastSequence }
    var cursor: AckCursor { journal.cursor }
    var freeSlots: Int { journal.freeSlots }

    func append(type: RecordType, payload: [UInt8]) throws(JournalError) -> AppendedRecord {
        let appended = try journal.append(type: type, payload: payload)
        witness(appended.sequence, Promise(type: type, payload: payload))
        return appended
    }

    func records(from sequence: UInt64, limit: Int) throws(JournalError) -> [StoredRecord] {
        try journal.records(from: sequence, limit: limit)
    }

    func acknowledge(through sequence: UInt64, chainHead: ChainMAC) throws(JournalError) {
        try journal.acknowledge(through: sequence, chainHead: chainHead)
    }
}
