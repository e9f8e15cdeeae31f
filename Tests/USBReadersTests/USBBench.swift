import Foundation
import TestSupport

/// A machine with USB devices that do not exist, for one program: `Fixtures/usb-bench` under umockdev.
struct USBBench {
    /// The bench's options; its head explains them.
    var options: [String] = []

    /// A run's lines in their order, those of the program and those of the kernel that is played, and its exit status.
    struct Run {
        let lines: [String]
        let status: Int32?
        let errors: String

        /// What the kernel was asked for.
        var kernel: [String] { lines.filter { $0.hasPrefix("kernel: ") }.map { String($0.dropFirst(8)) } }
        /// What the program printed.
        var program: [String] { lines.filter { !$0.hasPrefix("kernel: ") } }
    }

    /// With these devices plugged in, by their files' names.
    init(_ devices: String..., options: [String] = []) {
        self.options = devices.flatMap { ["--device", $0] } + options
    }

    /// A hub on port 1 that switches each port by itself, with an ACR122U on its port 3.
    static func switching(_ options: String...) -> USBBench {
        USBBench("hub", "acr122u", options: ["--hub", "1-1=\(individual)"] + options)
    }

    /// The hub's descriptor, with seven ports: USB 2.0, table 11-13.
    static let individual = "092907090032000000"
    /// The same of a hub that switches all ports together.
    static let ganged = "092907080032000000"
    /// A SuperSpeed hub's, with four ports: USB 3.2, table 10-5.
    static let superSpeed = "0c2a04090032000000000000"

    /// Runs `program` to its end.
    ///
    /// - Parameter through: a command that starts it, as `setpriv` and its options.
    func run(_ program: String, _ arguments: String..., through: [String] = []) throws -> Run {
        let folder = NSTemporaryDirectory() + "usb-bench-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bench = Repository.root + "/Tests/USBReadersTests/Fixtures/usb-bench"
        let run = try RunningProgram(
            "/usr/bin/umockdev-wrapper",
            [bench] + options + ["--"] + through + [try Programs.path(of: program)] + arguments,
            name: "bench", folder: folder)
        let status = run.waitForExit()
        let lines = run.output.split(separator: "\n").map(String.init)
        return Run(lines: lines, status: status, errors: run.errors)
    }
}
