import Foundation
import Ledger
import LedgerProtocol
import Logging
import Platform

@testable import Terminal

/// The real ledger on a real database file, which can be closed, killed and opened again.
final class LedgerHouse {
    private(set) var store: SQLiteLedger
    private(set) var service: LedgerService
    private let directory: URL
    private let time: any TimeSource
    private var generation = 0
    /// Whether its door is open: closed, every request finds nobody.
    var isUp = true

    init(time: any TimeSource, holders: [Holder], terminals: [UInt16], balance: Fen = .zero) throws {
        self.time = time
        // Memory, where there is some: what a disk adds here is time, and the ledger's own tests have one.
        let memory = URL(filePath: "/dev/shm")
        let parent =
            FileManager.default.isWritableFile(atPath: memory.path)
            ? memory : FileManager.default.temporaryDirectory
        directory = parent.appendingPathComponent("yika-campus-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        store = try SQLiteLedger(path: directory.appendingPathComponent("ledger-0.sqlite").path, mode: .create)
        service = Self.service(on: store, time: time)
        _ = try administration.importFile(
            ImportFile(
                accounts: holders.filter(\.hasAccount).map { Self.account($0, balance) },
                terminals: terminals.map {
                    .init(
                        number: $0, name: "Kiosk \($0)", token: Grounds.token,
                        journalKey: Grounds.journalKey($0).hex())
                },
                reportedLost: holders.filter { $0.hasAccount && $0.isLost }.map(\.number)))
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(at: directory)
    }

    var administration: Administration {
        Administration(store: store, rosterKey: Grounds.shared.ledgerKeys.rosterKey, time: time)
    }

    func open(_ holder: Holder) throws {
        _ = try administration.importFile(ImportFile(accounts: [Self.account(holder, .zero)]))
    }

    /// Closes the books and opens them again; killed, it goes on with the files as they lie there at this moment.
    func restart(killed: Bool) throws {
        let old = path
        if killed {
            generation += 1
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: old + suffix) {
                try FileManager.default.copyItem(atPath: old + suffix, toPath: path + suffix)
            }
        }
        try store.close()
        store = try SQLiteLedger(path: path, mode: .existing)
        service = Self.service(on: store, time: time)
    }

    private var path: String { directory.appendingPathComponent("ledger-\(generation).sqlite").path }

    private static func account(_ holder: Holder, _ balance: Fen) -> ImportFile.Account {
        .init(
            holderNumber: holder.number, name: "Holder \(holder.number)", kind: balance > .zero ? .staff : .student,
            openingBalanceFen: balance.rawValue)
    }

    private static func service(on store: SQLiteLedger, time: any TimeSource) -> LedgerService {
        LedgerService(
            store: store, keys: Grounds.shared.ledgerKeys, time: time,
            logger: Logger(label: "campus") { _ in SwiftLogNoOpLogHandler() })
    }
}
