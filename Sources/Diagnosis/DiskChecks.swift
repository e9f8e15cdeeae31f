import Health
import Journal
import Platform
import Terminal

// The disk under the journal, and the journal.

extension Check {
    static let mount = Check("disk-mount", Text("流水日志所在文件系统", "the journal's file system")) { examination in
        guard let setup = try? examination.setup.get() else { return [.waiting("disk-mount")] }
        guard let text = examination.text("/proc/self/mountinfo"),
            let mount = Mount.of(setup.stateDirectory, in: text)
        else { return [Finding("disk-mount", .skipped, Text("内核没有列出挂载", "the kernel lists no mounts"))] }
        if let fault = mount.fault { return [Finding("disk-mount", .trouble(.diskUnsafe), fault)] }
        return [Finding("disk-mount", .well, Text(plain: "\(mount.type) \(mount.source)"))]
    }

    /// What the journal takes before it needs a segment more, twice over, and some for lists and logs: below it, somebody
    /// should come before the disk is full.
    private static let leastFree: UInt64 = 256 << 20
    /// Or so much of the whole, where the disk is small.
    private static let leastShare = 0.05

    static let space = Check("disk-space", Text("磁盘空间", "room on the disk")) { examination in
        guard let setup = try? examination.setup.get() else { return [.waiting("disk-space")] }
        guard let space = examination.box.space(setup.stateDirectory) else {
            return [
                Finding(
                    "disk-space", .skipped, Text("\(setup.stateDirectory) 不存在", "there is no \(setup.stateDirectory)"))
            ]
        }
        let detail = Text(
            "剩余 \(space.free >> 20) MB，共 \(space.total >> 20) MB",
            "\(space.free >> 20) MB free of \(space.total >> 20) MB")
        let isLow = space.free < leastFree && Double(space.free) < max(Double(space.total) * leastShare, 64 * 1_048_576)
        return [Finding("disk-space", isLow ? .trouble(.diskNearlyFull) : .well, detail)]
    }

    static let wear = Check("disk-health", Text("存储器健康", "the disk's health")) { examination in
        var findings: [Finding] = []
        for name in examination.names("/sys/fs/ext4") {
            // Errors since the file system was last checked (Documentation/ABI/testing/sysfs-fs-ext4).
            let count = examination.text("/sys/fs/ext4/\(name)/errors_count").flatMap { Int($0.line) } ?? 0
            if count > 0 {
                findings.append(
                    Finding(
                        "disk-health", .trouble(.diskFailing),
                        Text("\(name)：ext4 记录了 \(count) 个错误", "\(name): ext4 counts \(count) errors")))
            }
        }
        for name in examination.names("/sys/block") {
            // eMMC: JEDEC JESD84-B51, EXT_CSD[267], 1 normal, 2 warning, 3 urgent.
            let end = examination.text("/sys/block/\(name)/device/pre_eol_info").flatMap {
                Int($0.line.dropFirst(2), radix: 16)
            }
            if let end, end >= 2 {
                findings.append(
                    Finding(
                        "disk-health", .trouble(.diskFailing),
                        Text(
                            "\(name)：eMMC 寿命将尽（pre_eol_info \(end)）", "\(name): eMMC near its end, pre_eol_info \(end)")
                    ))
            }
        }
        return findings
    }

    static let journal = Check("journal", Text("流水日志", "the journal")) { examination in
        guard let setup = try? examination.setup.get() else { return [.waiting("journal")] }
        let directory = setup.stateDirectory + "/journal"
        do {
            let storage = try FileStorage(directory: directory, access: .readOnly)
            let summary = try JournalAudit.run(storage: storage)
            let unsent = summary.next - 1 - summary.acknowledged
            let detail = Text(
                "\(summary.records) 条记录，\(unsent) 条未上传", "\(summary.records) records, \(unsent) not sent yet")
            return [Finding("journal", summary.status == .damaged ? .trouble(.journalDamaged) : .well, detail)]
        } catch let error as StorageError where error.code == 2 {
            return [Finding("journal", .well, Text("还没有记录", "no record was written yet"))]
        } catch let error as AuditError where error == .noJournal {
            return [Finding("journal", .well, Text("还没有记录", "no record was written yet"))]
        } catch {
            return [Finding("journal", .skipped, Text("无法读取：\(error)", "cannot be read: \(error)"))]
        }
    }
}

/// A mounted file system, as `/proc/self/mountinfo` lists it (proc(5)).
struct Mount: Hashable {
    let point: String
    let type: String
    let source: String
    let options: Set<String>

    /// The mount that `path` lies on: the longest that begins it, the last of several on the same place.
    static func of(_ path: String, in mountinfo: String) -> Mount? {
        var best: Mount?
        for line in mountinfo.split(separator: "\n") {
            guard let mount = Mount(line: line), mount.holds(path) else { continue }
            if best.map({ mount.point.utf8.count >= $0.point.utf8.count }) ?? true { best = mount }
        }
        return best
    }

    /// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
    init?(line: Substring) {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3, dash > 5 else { return nil }
        point = String(fields[4])
        type = String(fields[dash + 1])
        source = String(fields[dash + 2])
        options = Set((fields[5].split(separator: ",") + fields[dash + 3].split(separator: ",")).map(String.init))
    }

    private func holds(_ path: String) -> Bool {
        point == "/" || path == point || path.hasPrefix(point + "/")
    }

    /// Why a journal must not lie here.
    var fault: Text? {
        if ["tmpfs", "ramfs"].contains(type) {
            return Text("\(point) 在内存中（\(type)）", "\(point) is in memory, \(type)")
        }
        if options.contains("ro") { return Text("\(point) 只读", "\(point) is read-only") }
        for bad in ["nobarrier", "barrier=0", "data=writeback"] where options.contains(bad) {
            return Text("\(point) 以 \(bad) 挂载", "\(point) is mounted with \(bad)")
        }
        return nil
    }
}

extension String {
    /// The one line of a file in `/sys`.
    fileprivate var line: Substring { prefix { $0 != "\n" } }
}
