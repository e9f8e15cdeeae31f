import ArgumentParser

/// The technician's tool.
@main
struct Yika: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "yika", abstract: "Tools for technicians of campus card terminals.",
        subcommands: [
            Doctor.self, Status.self, MonitorCommand.self, Explain.self, MetricsCommand.self, Enrol.self,
            SyncTools.self,
            CloseDay.self, CardTools.self, ReaderTools.self, Say.self, VoiceTools.self, JournalTools.self,
            ProfileTools.self,
            Simulate.self,
        ])

    /// Runs the command that the command line names.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Complaint.end(error)
        }
    }
}

/// What stands in for hardware.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play hardware that is not there.", subcommands: [SimulateCard.self, NewCard.self])
}
