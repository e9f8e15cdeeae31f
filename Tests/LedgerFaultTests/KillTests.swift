import Foundation
import Glibc
import Journal
import LedgerProtocol
import Platform
import TestSupport
import Testing

@testable import Ledger

/// Real programs, real sockets, real files: the ledger and terminals without cards, killed at any moment.
@Suite("Killed programs", .serialized)
struct KillTests {
    private static let seconds =
        switch SweepSize.current {
        case .quick: 3
        case .normal: 10
        case .full: 150
        }

    @Test(
        "ledger and terminals, killed again and again over a network that cuts, holds up and repeats, lose and double nothing",
        arguments: LedgerProcess.Kind.allCases)
    func killed(kind: LedgerProcess.Kind) throws {
        let scene = try Scene(kind, terminals: 4)
        let meddler = try Meddler(target: try scene.ledger.start())
        for driver in scene.drivers { try driver.start(port: meddler.port, sales: 100_000) }
        var (ledgerKills, driverKills) = (0, 0)
        let end = SystemTime().now().advanced(milliseconds: Int64(Self.seconds) * 1000)
        while SystemTime().now() < end {
            SystemTime().sleep(milliseconds: Int64.random(in: 10...250))
            if Bool.random() {
                scene.ledger.kill()
                ledgerKills += 1
                if Bool.random() { SystemTime().sleep(milliseconds: Int64.random(in: 0...200)) }
                try scene.ledger.start()
            } else if let driver = scene.drivers.randomElement() {
                driver.kill()
                driverKills += 1
                try driver.start(port: meddler.port, sales: 100_000)
            }
        }
        meddler.calmDown()
        for driver in scene.drivers { driver.kill() }
        scene.ledger.kill()
        let answered = try scene.finish(port: try scene.ledger.start())
        print(
            "kills, \(kind.rawValue): ledger killed \(ledgerKills) times, terminals \(driverKills); connections: "
                + "\(meddler.line); \(answered) records answered for, all at the ledger once")
    }

    @Test("two services on one SQLite file and a technician's commands, all at once, lose and double nothing")
    func twoServices() throws {
        let scene = try Scene(.sqlite, terminals: 4)
        let ports = [try scene.ledger.start(0), try scene.ledger.start(1)]
        for (index, driver) in scene.drivers.enumerated() { try driver.start(port: ports[index % 2], sales: 150) }
        var commands = 0
        while scene.drivers.contains(where: \.isRunning), commands < 200 {
            try scene.ledger.report(SharedBooks.holder(commands / 2 % 8), isLost: commands.isMultiple(of: 2))
            commands += 1
            if commands == 4 {
                scene.ledger.kill(1)
                try scene.ledger.start(1)
            }
        }
        for driver in scene.drivers { #expect(driver.ends(within: 60)) }
        let answered = try scene.finish(port: ports[0])
        print("two services: \(answered) records, \(commands) commands beside them")
    }

    @Test("a ledger whose disk is full takes nothing by halves, and goes on when there is room")
    func fullDisk() throws {
        let scene = try Scene(.sqlite, terminals: 2)
        let size = try Self.size(scene.ledger.place)
        // The write-ahead log reaches the bound long before the file does.
        let port = try scene.ledger.start(0, fileLimitBlocks: size / 512 + 64)
        for driver in scene.drivers { try driver.start(port: port, sales: 1500) }
        let deadline = SystemTime().now().advanced(milliseconds: 20_000)
        while !scene.ledger.errors().contains("request failed"), SystemTime().now() < deadline {
            SystemTime().sleep(milliseconds: 20)
        }
        #expect(scene.ledger.errors().contains("request failed"))
        SystemTime().sleep(milliseconds: 500)
        _ = try scene.ledger.check()
        scene.ledger.kill()
        try scene.ledger.start()
        for driver in scene.drivers { #expect(driver.ends(within: 60)) }
        let answered = try scene.finish(port: port)
        print("full disk: \(answered) records answered for, all at the ledger once")
    }

    private static func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    /// A folder with a ledger and terminals.
    private final class Scene {
        let ledger: LedgerProcess
        let drivers: [DriverProcess]
        private let folder: String

        init(_ kind: LedgerProcess.Kind, terminals: Int) throws {
            folder = NSTemporaryDirectory() + "yika-kills-\(UUID())"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let numbers = (1...UInt16(terminals)).map { $0 }
            ledger = try LedgerProcess(kind, folder: folder, terminals: numbers)
            drivers = try numbers.map { [folder] in try DriverProcess(terminal: $0, folder: folder) }
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// Lets every terminal bring what it has, and proves the books; how many records were answered for.
        func finish(port: Int) throws -> Int {
            for driver in drivers { try driver.start(port: port, sales: 1) }
            for driver in drivers { #expect(driver.ends(within: 60)) }
            #expect(try ledger.check().contains("every invariant holds"))
            let store = try ledger.store()
            var answered = 0
            for driver in drivers {
                let (count, wrong) = try driver.compare(with: store)
                answered += count
                #expect(wrong == [])
            }
            try expectSales(store)
            try store.close()
            return answered
        }

        /// The canteens have got what the raw records say, whoever pays it.
        private func expectSales(_ store: any LedgerStore) throws {
            var charged: Int64 = 0
            try store.read { transaction in
                try transaction.forEach("SELECT raw FROM records", []) { row in
                    let slot = try Slot(decoding: try row.blob(0))
                    guard slot.type.rawValue == SaleRecordType.outcome, let sale = SaleRecord(decoding: slot.payload)
                    else { return }
                    charged += Int64(sale.amount)
                }
                let booked = try transaction.integer(
                    "SELECT CAST(coalesce(sum(fen), 0) AS BIGINT) FROM postings WHERE account = ?",
                    [.integer(SystemAccount.sales)])
                #expect(booked == charged)
            }
        }
    }
}
