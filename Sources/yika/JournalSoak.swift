import ArgumentParser
import Glibc
import Journal
import Platform
import Synchronization

/// Tries a disk: writes a test journal until it is killed or cut off, and says afterwards whether all is there.
struct JournalSoak: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: words(
            "测试磁盘：尽快写一份测试日志，再检查哪些留了下来。",
            "Try a disk: write a test journal as fast as it goes, and check what survived."),
        discussion: words(
            """
            每条已落盘的记录在标准输出上占一行；可随时杀掉程序或断电，然后把这些行交给 --check：

              yika journal soak /data/disk-soak | ssh another-machine 'cat > answers'
              yika journal soak --check /data/disk-soak < answers

            目录名须以 -soak 结尾，以免写到终端自己的流水日志里。用完请删除。

            """,
            """
            Each record that is durable is a line on standard output; kill the program or cut the power at any moment,
            then give the lines back to --check:

              yika journal soak /data/disk-soak | ssh another-machine 'cat > answers'
              yika journal soak --check /data/disk-soak < answers

            The directory's name ends in "-soak", so that no terminal's own journal is ever written to. Remove it
            afterwards.

            """) + "\n"
            + ExitStatus.told(
                (.well, Text("全部还在", "everything is there")),
                (.trouble, Text("有丢失或改变", "something is lost or altered")),
                (.unreachable, Text("打不开、读不到或写不了", "it cannot be opened, read or written"))))

    @Flag(
        help: hint(
            "先从标准输入读取之前各次的输出行，检查其中所说的是否都在。",
            "First read the lines of earlier runs from standard input and check that what they say is there."))
    var check = false

    @Option(
        help: hint(
            "要写的记录数；不给则一直写，加 --check 时为 1。",
            "Records to write; as many as it can if not said, 1 with --check."))
    var records: UInt64?

    @Option(help: hint("同时写入的线程数。", "Threads that write at the same time."))
    var callers = 1

    @Option(help: hint("每段的记录数；少则文件多。", "Records per segment; few make many files."))
    var slots = 8192

    @Option(
        help: hint(
            "决定记录的内容；同一目录的各次须相同。",
            "What the records hold follows from it; the same for all runs in one directory."))
    var seed: UInt64 = 1

    @Flag(help: hint("每行一个 JSON 对象。", "As JSON, an object a line."))
    var json = false

    @Argument(
        help: hint(
            "目录，名称须以 -soak 结尾；没有则新建。",
            "The directory; its name must end in \"-soak\". It is made if it is not there."))
    var directory: String

    func validate() throws {
        guard (1...256).contains(callers) else {
            throw ValidationError(words("--callers 须为 1 到 256。", "--callers is from 1 to 256."))
        }
        guard (1...1_000_000).contains(slots) else {
            throw ValidationError(words("--slots 须为 1 到 1000000。", "--slots is from 1 to 1000000."))
        }
        let name = directory.split(separator: "/").last ?? ""
        guard name.hasSuffix("-soak") else {
            throw ValidationError(
                words(
                    "\(directory)：soak 只写名称以 -soak 结尾的目录；请给它一个专用目录。",
                    "\(directory): a soak only writes in a directory whose name ends in \"-soak\"; give it one of its own."
                ))
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
            throw Complaint(
                ComplaintCode.soakStopped, .unreachable,
                problem: Text("\(directory)：\(error.text.chinese)", "\(directory): \(error.text.english)"),
                nextStep: Self.nextStep(after: error))
        }
        if !isWhole { throw ExitCode(.trouble) }
    }

    /// One run: opens, checks, writes. Returns whether everything answered for was there.
    private func soak(_ answers: SoakAnswers) throws(JournalError) -> Bool {
        let journal = try open()
        SoakEvent.opened(last: journal.lastSequence, acknowledged: journal.cursor.acknowledged).say()
        for finding in journal.recovery.findings {
            if case .tornTail = finding { continue }
            SoakEvent.damage("\(finding)").say()
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
        for (sequence, record) in comparison.found { SoakEvent.found(sequence, record).say() }
        for fault in comparison.faults { SoakEvent.lost(fault).say() }
        SoakEvent.checked(comparison.checked).say()
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

    private static func nextStep(after error: JournalError) -> Text {
        switch error {
        case .missingDirectory: Text("挂载磁盘，或换一个路径", "mount the disk or give another path")
        case .readOnly: Text("以可写方式挂载，或检查属主和权限", "mount it writable, or look at its owner and mode")
        case .locked: Text("先结束另一个进程", "end the other process first")
        case .full: Text("腾出磁盘空间，再加 --check 执行", "make room on the disk, then run it again with --check")
        case .otherTerminal, .wrongKey, .unknownFormat, .mixedEpochs:
            Text("给 soak 一个专用目录", "give the soak a directory of its own")
        default:
            Text(
                "查看磁盘的内核日志，再加 --check 执行", "look at the kernel's log for the disk, then run it again with --check")
        }
    }
}
