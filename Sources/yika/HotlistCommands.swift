import ArgumentParser
import Crypto
import DataFiles
import FoundationEssentials
import Glibc
import Health
import Journal
import LedgerProtocol
import Platform
import Sync
import Terminal

/// What can be asked of the hotlist that this terminal holds.
struct HotlistTools: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hotlist", abstract: words("查询本机的挂失名单。", "Ask the hotlist that this terminal holds."),
        subcommands: [HotlistCheck.self])
}

struct HotlistCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: words("一张卡是否在本机的挂失名单上。", "Tell whether a card is on the hotlist held here."),
        discussion: words(
            "直接读本机文件，与 yikad 无关；卡号不会被记录。",
            "Reads this terminal's files, whether yikad runs or not; the card's number is noted nowhere.")
            + "\n\n"
            + ExitStatus.told(
                (.well, Text("不在名单上", "the card is not on it")), (.trouble, Text("在名单上", "the card is on it")),
                (.unreachable, Text("没有可用的名单", "no hotlist is held, or it cannot be read")),
                also: [.notAllowed, .configuration]))

    @OptionGroup var place: TerminalPlace

    @Argument(help: hint("卡号（UID），4 或 7 字节的十六进制。", "The card's UID, 4 or 7 bytes in hexadecimal."))
    var uid: String

    private struct Answer: Encodable {
        let listed: Bool
        let version: UInt64
        let ageSeconds: Int64?
    }

    func run() throws {
        guard let bytes = [UInt8](hex: uid), [4, 7].contains(bytes.count) else {
            throw ValidationError(words("UID：应为 4 或 7 字节的十六进制。", "UID: expected 4 or 7 bytes in hexadecimal."))
        }
        let configuration = try place.configuration()
        let list = try Self.list(of: configuration)
        let tag = CardTag(uid: bytes, key: RosterKey(bytes: configuration.credentials.rosterKey))
        guard let isListed = list.read({ $0.map { $0.contains(tag) } }) else {
            throw Complaint(.hotlistTooOld, .unreachable, detail: configuration.stateDirectory + "/feeds")
        }
        let age = list.ageMilliseconds(wallMilliseconds: SystemTime().wallMilliseconds()).map { $0 / 1000 }
        if place.json {
            print(try jsonLine(Answer(listed: isListed, version: list.version, ageSeconds: age)))
        } else {
            let of =
                words("名单版本 \(list.version)", "version \(list.version)")
                + (age.map { words("，\(Report.duration($0))前签发", ", issued \(Report.duration($0)) ago") } ?? "")
            print((isListed ? words("在挂失名单上", "on the hotlist") : words("不在挂失名单上", "not on the hotlist")) + " (\(of))")
        }
        fflush(nil)
        if isListed { throw ExitCode(ExitStatus.trouble) }
    }

    private static func list(of configuration: Configuration) throws -> HotlistStore {
        guard let bytes = [UInt8](hex: configuration.ledger.publicKey),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        else {
            throw Complaint(
                DataFileError(file: configuration.file, path: "ledger.publicKey", expected: "an Ed25519 public key"),
                option: "--config")
        }
        let folder = configuration.stateDirectory + "/feeds"
        do throws(StorageError) {
            let stores = FeedStores(storage: try FileStorage(directory: folder, access: .readOnly), key: key)
            _ = stores.load()
            return stores.hotlist
        } catch {
            throw Complaint(unreadable: folder, error.code, option: "--config")
        }
    }
}
