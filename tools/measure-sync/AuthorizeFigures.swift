import Foundation
import FoundationNetworking
import LedgerProtocol
import Measuring
import Platform
import Synchronization

/// How long the ledger's advice on a sale takes, over HTTP on one kept connection, beside a request that it refuses
/// without looking into the books.
struct AuthorizeFigures {
    let scratch: String

    private static let rounds = 1500
    private static let holders = 2000

    func figures() throws -> [Figure] {
        let house = try LedgerHouse(
            in: scratch, "authorize", workload: Workload(records: 20_000, holders: Self.holders, seed: 2))
        let (process, output) = try start(house.command(host: "127.0.0.1", port: 0))
        defer { process.terminate() }
        let line = try firstLine(of: output)
        guard let start = line.range(of: "http://")?.lowerBound else { throw Failure("the ledger says “\(line)”") }
        let base = String(line[start...])
        var random = Splitter(state: 3)
        var (ours, bare): ([Double], [Double]) = ([], [])
        // Terminals ask what was spent since their day began, for its limit.
        let day = SystemTime().wallMilliseconds() - 12 * 3_600_000
        for round in 0..<Self.rounds {
            let sale = Workload.sale(round, holders: Self.holders, &random)
            let body = try JSONEncoder().encode(
                SaleRequest(
                    terminal: 1, medium: sale.medium, uid: sale.uid.hex(), account: sale.account, cardSerial: 1,
                    cardSequence: nil, amountFen: sale.amount, dayStartMilliseconds: day,
                    mealStartMilliseconds: day))
            ours.append(try microseconds { try ask(base + "/v1/sales/authorize", body, expected: 200) } / 1000)
            bare.append(try microseconds { try ask(base + "/v1/nothing", body, expected: 404) } / 1000)
        }
        return [
            Figure("advice on a sale, median", ours.median, "ms", floor: bare.median),
            Figure("advice on a sale, p99", ours.quantile(0.99), "ms", floor: bare.quantile(0.99)),
        ]
    }

    private func ask(_ url: String, _ body: Data, expected: Int) throws {
        guard let url = URL(string: url) else { throw Failure("no URL: \(url)") }
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.httpBody = body
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue("Bearer \(Workload.token)", forHTTPHeaderField: "Authorization")
        request.setValue("1", forHTTPHeaderField: LedgerPath.terminalHeader)
        let done = DispatchSemaphore(value: 0)
        let status = Mutex(0)
        let task = URLSession.shared.dataTask(with: request) { _, response, _ in
            status.withLock { $0 = (response as? HTTPURLResponse)?.statusCode ?? 0 }
            done.signal()
        }
        task.resume()
        done.wait()
        let answered = status.withLock { $0 }
        guard answered == expected else { throw Failure("\(url) answered \(answered) instead of \(expected)") }
    }
}
