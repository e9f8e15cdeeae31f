import ArgumentParser
import Glibc
import Journal
import Platform

struct JournalExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: words(
            "把流水日志（不含密钥）复制到新目录，并校验副本。",
            "Copy a journal, without its secrets, into a new directory, and verify the copy."),
        discussion: words(
            "复制段文件、确认游标和隔离的字节；head 含密钥，不复制。副本落盘后才校验。",
            """
            Copied are segments, cursor and quarantined bytes; `head` is not, since it holds keys. The copy is synced \
            before it is verified.
            """) + "\n\n" + JournalTools.exitStatuses
            + words("取原日志和副本中较差的一个。", " That is the worse of the journal's own status and its copy's."))

    @OptionGroup var place: JournalPlace

    @Argument(help: hint("要新建的目录，不能已存在。", "The directory to make; it must not exist yet."))
    var path: String

    func run() throws {
        let original = try place.audit(words("正在校验流水日志", "verifying the journal"))
        guard case .success(let summary) = original.result else {
            try original.tell(asJSON: place.json)
            return try original.exit()
        }
        var export = Export(from: try place.storage(), path: path)
        let copy: JournalVerdict
        do {
            try export.makeDirectory()
            copy = try export.run(until: { try verify($0, against: summary) })
        } catch let error as StorageError {
            throw Self.complaint(error)
        } catch let error as Unreadable {
            throw error.complaint(place.directory)
        }
        let report = ExportReport(copied: export.copied, original: original, copy: copy)
        if place.json { print(try jsonLine(report)) } else { try report.tell() }
        try copy.exit()
        try original.exit()
    }

    private static func complaint(_ error: StorageError) -> Complaint {
        error.code == EEXIST
            ? Complaint(
                ComplaintCode.alreadyThere, .unreachable, problem: error.text,
                nextStep: Text("换一个还不存在的目录", "name a directory that does not exist yet"))
            : Complaint(
                error.isReadOnly ? ComplaintCode.notAllowed : ComplaintCode.notWritable,
                error.isReadOnly ? .notAllowed : .unreachable, problem: error.text,
                nextStep: Text("换一个可写且空间足够的目录", "name a directory that can be written, with room for the copy"))
    }

    /// The copy's verdict, and whether the copy is as good as the original.
    private func verify(_ path: String, against original: AuditSummary) throws -> (JournalVerdict, Bool) {
        let verdict = try JournalVerdict.of(
            path, rootKey: place.rootKey(), title: words("正在校验副本", "verifying the copy"))
        guard case .success(let copy) = verdict.result else { return (verdict, false) }
        return (verdict, copy.status == .valid || original.status == .damaged)
    }
}

/// What was copied, and what the journal and its copy are worth.
struct ExportReport: Encodable {
    struct File: Encodable {
        let name: String
        let bytes: Int
    }

    let copied: [File]
    let original: JournalVerdict
    let copy: JournalVerdict

    /// Tells people.
    func tell() throws {
        let head = words("已复制", "copied").padded(to: 10)
        for file in copied { print(head + file.name + words("，\(file.bytes) 字节", ", \(file.bytes) bytes")) }
        let bytes = copied.reduce(0) { $0 + $1.bytes }
        print(head + words("共 \(copied.count) 个文件，\(bytes) 字节", "\(copied.count) files, \(bytes) bytes"))
        try copy.tell(asJSON: false)
        if case .success(let before) = original.result, case .success(let after) = copy.result, before.next > after.next
        {
            let last = before.next - 1
            print(
                words("提示", "note").padded(to: 10)
                    + words(
                        "原日志的 head 记到 \(last)；副本不含 head",
                        "the journal's own `head` tells of records up to \(last); the copy goes without it"))
        }
    }
}

/// Copying a journal beside its writer.
private struct Export {
    /// A writer may write, recycle and acknowledge while we copy; what such a moment spoilt is copied again.
    private static let attempts = 3
    private static let chunk = 1 << 18

    let source: FileStorage
    let path: String
    private(set) var copied: [ExportReport.File] = []

    init(from source: FileStorage, path: String) {
        self.source = source
        self.path = path
    }

    func makeDirectory() throws(StorageError) {
        guard unsafe mkdir(path, 0o700) == 0 else { throw StorageError(call: "mkdir", code: errno, path: path) }
        try FileStorage(directory: path + "/..").syncDirectory()
    }

    mutating func run(until verify: (String) throws -> (JournalVerdict, Bool)) throws -> JournalVerdict {
        let target = try FileStorage(directory: path)
        var attempt = 1
        while true {
            try copyAll(to: target)
            let (verdict, isGood) = try verify(path)
            if isGood || attempt == Self.attempts { return verdict }
            attempt += 1
            for file in copied { try target.remove(file.name) }
        }
    }

    private mutating func copyAll(to target: FileStorage) throws(StorageError) {
        copied = []
        // The cursor last: what was recycled while we copied is below it then.
        let names =
            try source.list().filter { $0.hasSuffix(".seg") || $0.hasPrefix("quarantine-") }.sorted() + ["cursor"]
        var bar = ProgressBar(words("正在复制", "copying"))
        defer { bar.end() }
        for (index, name) in names.enumerated() {
            bar.show(UInt64(index), of: UInt64(names.count))
            guard let bytes = try copy(name, to: target) else { continue }
            let isStillThere = try source.size(of: name) != nil
            guard isStillThere || name == "cursor" else {
                // Recycled under us: its bytes are another segment's by now.
                try target.remove(name)
                continue
            }
            copied.append(ExportReport.File(name: name, bytes: bytes))
        }
        try target.syncDirectory()
    }

    /// Copies one file; `nil` when it is not there.
    private func copy(_ name: String, to target: FileStorage) throws(StorageError) -> Int? {
        let file: any JournalFile
        do throws(StorageError) {
            file = try source.open(name)
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
        let size = try file.size()
        let copy = try target.create(name, size: 0)
        var offset = 0
        while offset < size {
            let bytes = try read(file, at: offset, count: min(Self.chunk, size - offset))
            if bytes.isEmpty { break }
            try copy.write(bytes, at: offset)
            offset += bytes.count
        }
        try copy.sync()
        return offset
    }

    /// The bytes there, with a sector that the disk cannot read made such that no reader takes it for anything.
    private func read(_ file: any JournalFile, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        do throws(StorageError) {
            return try file.read(at: offset, count: count)
        } catch {
            guard error.code == EIO else { throw error }
            let sector = min(count, 512)
            if count > sector { return try read(file, at: offset, count: sector) }
            return [UInt8](repeating: 0xFF, count: sector)
        }
    }
}

extension FileStorage {
    /// The length of the file of this name; `nil` when there is none.
    func size(of name: String) throws(StorageError) -> Int? {
        do throws(StorageError) {
            return try open(name).size()
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }
}
