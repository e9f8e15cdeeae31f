import Foundation
import TestSupport
import Testing

/// What the daemon carries: it has to fit boxes with little memory, and start quickly on them.
@Suite("The daemon's binary")
struct BinaryTests {
    @Test("the daemon loads no ICU and no full Foundation")
    func libraries() throws {
        let folder = NSTemporaryDirectory() + "yk-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // ldd names what the libraries load in their turn, too.
        let loaded = try RunningProgram.run("/usr/bin/ldd", [Programs.path(of: "yikad")], name: "ldd", folder: folder)
        let libraries = loaded.split(separator: "\n").compactMap { $0.split(separator: " ").first }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(libraries.contains { $0.hasPrefix("libpcsclite.so") }, "this is not a list of libraries: \(loaded)")
        for library in libraries {
            #expect(!library.lowercased().contains("icu"), "\(library)")
            let isFoundation = library.contains("Foundation") && !library.hasPrefix("libFoundationEssentials.")
            #expect(!isFoundation, "\(library)")
        }
        print("the daemon loads \(libraries.count) libraries, none of them ICU or the full Foundation")
    }

    @Test("no room that the daemon is made of imports Foundation")
    func imports() throws {
        let rooms = [
            "Platform", "DataFiles", "SmartCard", "DeviceProfiles", "Mifare", "CampusCard", "Activation", "Journal",
            "LedgerProtocol", "Sync", "Voice", "Health", "Terminal", "yikad",
        ]
        var count = 0
        for room in rooms {
            let folder = Repository.root + "/Sources/" + room
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".swift") {
                let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
                for line in text.split(separator: "\n") {
                    let words = line.split(separator: " ")
                    guard let index = words.firstIndex(of: "import"), index + 1 < words.count, index < 3 else {
                        continue
                    }
                    let module = words[words.count - 1]
                    #expect(
                        !module.hasPrefix("Foundation") || module == "FoundationEssentials", "\(room)/\(name): \(line)")
                }
                count += 1
            }
        }
        #expect(count > 50)
        print("\(count) source files of the daemon looked at")
    }
}
