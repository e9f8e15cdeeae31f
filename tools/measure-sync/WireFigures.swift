import LedgerProtocol
import Measuring

/// What a record costs on its way: the uploads of a campus's week, packed as they travel.
struct WireFigures {
    let records: Int

    /// Design budget: bytes a record, in uploads of 512.
    private static let most = 64.0

    func figures() -> [Figure] {
        let workload = Workload(records: records, seed: .random(in: 0 ... .max))
        var packed = 0
        var times: [Double] = []
        for batch in workload.batches {
            times.append(microseconds { packed += BatchCompression.compress(batch.body).count })
        }
        return [
            Figure(
                "a record on the wire", Double(packed) / Double(workload.records), "bytes", floor: 128,
                budget: Self.most),
            Figure("an upload of \(Workload.batchSize) packed", times.median / 1000, "ms"),
        ]
    }
}
