import Journal
import Platform

/// A batch of journal records as a terminal sends it: intact by their checksums, of one epoch, without holes.
struct Upload {
    /// One record, and its bytes as they came.
    struct Record {
        let slot: Slot
        let raw: [UInt8]
    }

    let terminal: UInt16
    let epoch: UInt32
    let first: UInt64
    let records: [Record]
    let body: [UInt8]

    /// The sequence of the last record.
    var last: UInt64 { first + UInt64(records.count) - 1 }

    /// Takes `body` apart.
    init(terminal: UInt16, epoch: UInt32, first: UInt64, body: [UInt8]) throws(LedgerRefused) {
        guard !body.isEmpty, body.count.isMultiple(of: Slot.size) else {
            throw .malformed("\(body.count) bytes are not a whole number of \(Slot.size)-byte records")
        }
        // Databases count with a sign; no journal ever comes near half of all sequences.
        guard first > 0, first <= UInt64(Int64.max) - UInt64(body.count) else {
            throw .malformed("records cannot begin with sequence \(first)")
        }
        var records: [Record] = []
        records.reserveCapacity(body.count / Slot.size)
        for start in stride(from: 0, to: body.count, by: Slot.size) {
            let raw = Array(body[start..<start + Slot.size])
            let expected = first + UInt64(records.count)
            let slot: Slot
            do throws(SlotDamage) {
                slot = try Slot(decoding: raw)
            } catch {
                throw .malformed("record \(expected) is not a record of version \(Slot.formatVersion): \(error)")
            }
            guard slot.epoch == epoch else {
                throw .malformed("record \(expected) is of epoch \(slot.epoch), not \(epoch)")
            }
            guard slot.sequence == expected else {
                throw .malformed("record \(slot.sequence) stands where \(expected) belongs")
            }
            records.append(Record(slot: slot, raw: raw))
        }
        self.terminal = terminal
        self.epoch = epoch
        self.first = first
        self.records = records
        self.body = body
    }
}
