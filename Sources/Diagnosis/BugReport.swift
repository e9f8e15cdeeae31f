import FoundationEssentials
import Glibc
import Platform
import Terminal
import USBReaders

/// Everything about a box that helps somebody elsewhere to understand it, in one archive without secrets.
///
/// Some of it is better than none: what cannot be had is named in the manifest, and the rest is there.
public struct BugReport: Sendable {
    /// One file of the archive.
    public struct Item: Sendable, Codable, Hashable {
        /// Its name there.
        public let name: String
        /// How large it is; `nil`: it is not there.
        public let bytes: Int?
        /// Why it is not there.
        public let problem: String?
    }

    /// The archive's first file: what is in it.
    public struct Manifest: Sendable, Codable, Hashable {
        /// What to call the report on the telephone.
        public let id: String
        /// When it was made, in milliseconds since 1970-01-01 UTC, by the box's clock.
        public let madeMilliseconds: Int64
        /// The version of the tool that made it.
        public let version: String
        /// The files.
        public let items: [Item]
    }

    /// Why there is no archive at all.
    public enum Failure: Error, Hashable, Sendable {
        /// A file or folder cannot be made.
        case notWritable(String)
        /// tar(1) failed, and what it said.
        case tar(String)
    }

    /// Collects, redacts and packs.
    ///
    /// - Parameters:
    ///   - file: the archive to write, gzipped tar; readable by its owner alone.
    ///   - others: what only the caller can tell, by file name, such as the doctor's findings.
    ///   - progress: told how many files were tried of how many.
    public static func write(
        to file: String, box: Box, others: [(name: String, text: String?)],
        progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws(Failure) -> Manifest {
        let id = makeID()
        let folder = file + ".\(id).part"
        guard unsafe mkdir(folder, 0o700) == 0 else { throw .notWritable(file) }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var items: [Item] = []
        let sources = Self.sources(box)
        let total = UInt64(sources.count + others.count)
        for (name, text) in others {
            items.append(
                try put(name, text.map { .success($0) } ?? .failure(.init(problem: "not to be had")), in: folder))
            progress(UInt64(items.count), total)
        }
        for source in sources {
            items.append(try put(source.name, source.take(), in: folder))
            progress(UInt64(items.count), total)
        }
        let manifest = Manifest(
            id: id, madeMilliseconds: box.time.wallMilliseconds(), version: box.version, items: items)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try put(raw: (try? encoder.encode(manifest)).map { Array($0) } ?? [], "manifest.json", in: folder)
        try pack(folder, into: file, as: id)
        return manifest
    }

    /// `YK-` and six letters that are not mistaken for others on the telephone.
    private static func makeID() -> String {
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZ")
        return "YK-" + String((0..<6).map { _ in letters[Int.random(in: 0..<letters.count)] })
    }

    private struct Missing: Error { let problem: String }

    private static func put(_ name: String, _ text: Result<String, Missing>, in folder: String) throws(Failure) -> Item
    {
        switch text {
        case .success(let text):
            let bytes = Array(Redaction.redact(text).utf8)
            try put(raw: bytes, name, in: folder)
            return Item(name: name, bytes: bytes.count, problem: nil)
        case .failure(let missing): return Item(name: name, bytes: nil, problem: missing.problem)
        }
    }

    private static func put(raw bytes: [UInt8], _ name: String, in folder: String) throws(Failure) {
        do { try Data(bytes).write(to: URL(filePath: folder + "/" + name)) } catch {
            throw .notWritable(folder + "/" + name)
        }
    }

    private static func pack(_ folder: String, into file: String, as name: String) throws(Failure) {
        let mask = umask(0o077)
        defer { umask(mask) }
        let ended: (output: [UInt8], status: Int32)
        do throws(Command.Failure) {
            ended = try Command.run(
                ["tar", "-C", folder, "--transform", "s,^[.],\(name),", "-czf", file, "."], seconds: 60)
        } catch {
            throw .tar("\(error)")
        }
        guard ended.status == 0 else { throw .tar(String(decoding: ended.output, as: UTF8.self)) }
    }

    // MARK: What is collected

    private struct Source {
        let name: String
        let take: () -> Result<String, Missing>
    }

    private static func sources(_ box: Box) -> [Source] {
        let files = [
            ("configuration.json5", box.configuration), ("libccid_Info.plist", "/etc/libccid_Info.plist"),
            ("os-release", box.root + "/etc/os-release"), ("mountinfo", box.root + "/proc/self/mountinfo"),
            ("meminfo", box.root + "/proc/meminfo"), ("loadavg", box.root + "/proc/loadavg"),
            ("route", box.root + "/proc/net/route"), ("asound-cards", box.root + "/proc/asound/cards"),
        ].map { name, path in
            Source(name: name) {
                guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                    return .failure(.init(problem: "\(path) cannot be read"))
                }
                return .success(text)
            }
        }
        let commands = [
            (
                "log-services",
                [
                    "journalctl", "-u", "yikad", "-u", "pcscd", "-u", "yika-reader-reset", "-n", "5000", "--no-pager",
                    "-o", "short-iso",
                ]
            ),
            ("log-kernel", ["journalctl", "-k", "-n", "1000", "--no-pager", "-o", "short-iso"]),
            (
                "units",
                [
                    "systemctl", "--no-pager", "--full", "status", "yikad", "pcscd", "pcscd.socket",
                    "yika-reader-reset.path",
                ]
            ),
            (
                "packages",
                ["dpkg-query", "-W", "yika*", "pcscd", "libccid", "libacsccid1", "libasound2*", "linux-image*"]
            ),
            ("space", ["df", "-h"]), ("addresses", ["ip", "-brief", "address"]), ("kernel", ["uname", "-a"]),
            ("sound-devices", ["aplay", "-l"]),
        ].map { name, words in
            Source(name: name) {
                do throws(Command.Failure) {
                    return .success(String(decoding: try Command.run(words).output, as: UTF8.self))
                } catch {
                    return .failure(.init(problem: "\(words[0]): \(error)"))
                }
            }
        }
        let devices = Source(name: "usb") {
            .success(
                box.usb().map {
                    "\($0.port) \($0.identity) \($0.manufacturer ?? "") \($0.product ?? "") \($0.interfaces)"
                }.joined(separator: "\n"))
        }
        return files + commands + [devices]
    }
}
