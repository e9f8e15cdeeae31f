import ArgumentParser
import Glibc
import Journal
import Platform
import Synchronization

/// Tries a disk: writes a test journal until it is killed or cut off, and says afterwards whether all is there.
struct JournalSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Try a disk: write a test journal as fast as it goes, and check what survived.",
        discussion: """
            Each record that is durable is a line on standard output; kill the program or cut the power at any moment,
            then give the lines back to --check:

              yika journal soak /data/disk-soak | ssh another-machine 'cat > answers'
              yika journal soak --check /data/disk-soak < answers

            The directory's name ends in "-soak", so that no terminal's own journal is ever written to. Remove it
            afterwards.

            Exit status: 0 everything is there, 1 something is lost or altered, 2 it cannot be opened, read or written.
            """)

    @Flag(help: "First read the lines of earlier runs from standard input and check that what they say is there.")
    var check = false

    @Option(help: "Records to write; as many as it can if not said, 1 with --check.")
    var records: UInt64?

    @Option(help: "Threads that write at the same time.")
    var callers = 1

    @Option(help: "Records per segment; few make many files.")
    var slots = 8192

    @Option(help: "What the records hold follows from it; the same for all runs in one directory.")
    var seed: UInt64 = 1

    @Argument(help: "The directory; its name must end in \"-soak\". It is made if it is not there.")
    var directory: String

    func validate() throws {
        guard (1...256).contains(callers) else { throw ValidationError("--callers is from 1 to 256.") }
        guard (1...1_000_000).contains(slots) else { throw ValidationError("--slots is from 1 to 1000000.") }
        let name = directory.split(separator: "/").last ?? ""
        guard name.hasSuffix("-soak") else {
            throw ValidationError(
                "\(directory): a soak only writes in a directory whose name ends in \"-soak\"; give it one of its own.")
        }
    }

    func run() throws {
        var answers = SoakAnswers()
        if check {
            while let line = readLine() { answers.read(line) }
        }
        let isWhole: Bool
        do throws(JournalError) {
            isWhole = try soak(answers)
        } catch {
            let line = Array("yika journal soak: \(directory): \(error); \(Self.nextStep(after: error))\n".utf8)
            _ = unsafe write(STDERR_FILENO, line, line.count)
            throw ExitCode(2)
        }
        if !isWhole { throw ExitCode(1) }
    }

    /// One run: opens, checks, writes. Returns whether everything answered for was there.
    private func soak(_ answers: SoakAnswers) throws(JournalError) -> Bool {
        let journal = try open()
        LineOutput.print("opened \(journal.lastSequence) \(journal.cursor.acknowledged)")
        for finding in journal.recovery.findings {
            if case .tornTail = finding { continue }
            LineOutput.print("damage: \(finding)")
        }
        if check {
            guard try isWhole(journal, answers) else { return false }
        }
        let limit = records ?? (check ? 1 : .max)
        try SoakWriters(journal: journal, seed: seed, slots: slots, limit: limit).run(callers: callers)
        journal.close(deadline: SystemTime().now().advanced(milliseconds: 60_000))
        return true
    }

    /// Says what is there that nobody knew of, and what is wrong.
    private func isWhole(_ journal: Journal, _ answers: SoakAnswers) throws(JournalError) -> Bool {
        var comparison = SoakCheck(answers: answers, seed: seed, callers: callers)
        try comparison.run(journal)
        // From now on these are answered for: whoever checks next must find them.
        for (sequence, record) in comparison.found { LineOutput.print(SoakAnswers.line("found", sequence, record)) }
        for fault in comparison.faults { LineOutput.print("lost: \(fault)") }
        LineOutput.print("checked \(comparison.checked)")
        return comparison.faults.isEmpty
    }

    private func open() throws(JournalError) -> Journal {
        // A technician's first run makes the directory; a parent that is missing is a wrong path or a disk not mounted.
        if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
            let error = StorageError(call: "mkdir", code: errno, path: directory)
            throw error.isReadOnly ? .readOnly(error) : .missingDirectory(error)
        }
        let storage: FileStorage
        do throws(StorageError) {
            storage = try FileStorage(directory: directory)
        } catch {
            throw error.code == ENOENT || error.code == ENOTDIR ? .missingDirectory(error) : .storage(error)
        }
        // Number and key of no real terminal: either is refused in the other's directory.
        return try Journal.open(
            storage: storage, terminal: .max, key: ChainKey(bytes: Array("yika journal soak, no secret key".utf8)),
            time: SystemTime(),
            options: JournalOptions(slotsPerSegment: slots, acknowledgedSegmentsKept: 1, recordsPerKey: 50))
    }

    private static func nextStep(after error: JournalError) -> String {
        switch error {
        case .missingDirectory: "mount the disk or give another path."
        case .readOnly: "mount it writable, or look at its owner and mode."
        case .locked: "end the other process first."
        case .full: "make room on the disk, then run it again with --check."
        case .otherTerminal, .wrongKey, .unknownFormat, .mixedEpochs: "give the soak a directory of its own."
        default: "look at the kernel's log for the disk, then run it again with --check."
        }
    }
}
