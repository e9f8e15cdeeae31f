import Foundation
import Glibc
import Journal
import LedgerProtocol
import TestSupport

@testable import Ledger

/// A terminal as a process, through all its lives, and what it answered for in them.
final class DriverProcess: @unchecked Sendable {
    let terminal: UInt16
    private let program: String
    private let folder: String
    private var life: RunningProgram?
    private var lives = 0

    init(terminal: UInt16, folder: String) throws {
        self.terminal = terminal
        self.folder = folder
        program = try Programs.path(of: "sync-driver")
        try FileManager.default.createDirectory(
            atPath: folder + "/journal-\(terminal)", withIntermediateDirectories: true)
    }

    deinit { life?.send(SIGKILL) }

    /// Starts it, to append so many sales and to end when the ledger has all.
    func start(port: Int, sales: Int) throws {
        lives += 1
        life = try RunningProgram(
            program,
            [
                folder + "/journal-\(terminal)", "http://127.0.0.1:\(port)", "\(terminal)", LedgerProcess.token,
                ScriptedJournal.key(terminal).map { String(format: "%02x", $0) }.joined(), "\(sales)", "\(lives)",
            ], name: "driver-\(terminal)", folder: folder)
    }

    func kill() {
        life?.send(SIGKILL)
        _ = life?.waitForExit(seconds: 20)
        life = nil
    }

    var isRunning: Bool { life?.isRunning ?? false }

    /// Whether it ends well within so many seconds.
    func ends(within seconds: Double) -> Bool { life?.waitForExit(seconds: seconds) == 0 }

    /// Every line that it said in all its lives.
    private var lines: [Substring] { (life?.output ?? "").split(separator: "\n") }

    /// What it answered for and what it was told, against what the books have; in sentences what is wrong.
    func compare(with store: any LedgerStore) throws -> (answered: Int, wrong: [String]) {
        let stored = try store.read {
            try $0.rows("SELECT raw FROM records WHERE terminal = ? ORDER BY sequence", [.number(terminal)])
                .map { try $0.blob(0) }
        }
        var answered = 0
        var wrong: [String] = []
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count >= 3, let sequence = Int(words[1]) else {
                if line.hasPrefix("failed") || line.hasPrefix("stopped") { wrong.append("\(terminal): \(line)") }
                continue
            }
            let raw = sequence > 0 && sequence <= stored.count ? stored[sequence - 1] : nil
            if words[0] == "acknowledged" {
                let head = raw.map { Slot.mac(of: $0).bytes.map { String(format: "%02x", $0) }.joined() }
                if head != String(words[2]) { wrong.append("\(terminal): \(line), and it is not there") }
            } else if words[0] == "answered", words.count == 4 {
                answered += 1
                let slot = raw.flatMap { try? Slot(decoding: $0) }
                let payload = slot?.payload.map { String(format: "%02x", $0) }.joined()
                if slot.map({ "\($0.type.rawValue)" }) != String(words[2]) || payload != String(words[3]) {
                    wrong.append("\(terminal): record \(sequence) was answered for and is not there")
                }
            } else if line.hasPrefix("failed") || line.hasPrefix("stopped") {
                wrong.append("\(terminal): \(line)")
            }
        }
        return (answered, wrong)
    }
}
