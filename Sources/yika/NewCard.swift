import ArgumentParser
import CampusCard
import DataFiles
import DeviceProfiles
import FoundationEssentials
import Glibc
import Mifare
import Platform
import Simulator

/// Makes the image of an invented card of the old system.
struct NewCard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-card",
        abstract: words("生成一张虚构的旧系统卡片映像。", "Make the image of an invented card as the old system issued it."),
        discussion: ExitStatus.told(
            (.well, Text("已生成", "made")), (.trouble, Text("写不了映像", "the image cannot be written")),
            (.unreachable, Text("布局或密钥环读不到", "the layout or the key ring cannot be read")),
            (.configuration, Text("布局或密钥环有误", "the layout or the key ring is malformed")), also: [.notAllowed]))

    @Option(help: hint("卡片布局。", "The card layout."))
    var layout = installed("device-profiles/cards/campus-2026.json5")

    @Option(help: hint("密钥环；演示用。", "The key ring; a demonstration one."))
    var keys = installed("device-profiles/terminals/demo/keys.json5")

    @Option(
        help: hint("mini、1K、2K（SL1 的 Plus）或 4K。", "mini, 1K, 2K (a Plus in SL1) or 4K."),
        transform: { text in
            guard let size = ClassicSize(rawValue: text) else {
                throw ValidationError(words("应为 mini、1K、2K 或 4K。", "Expected mini, 1K, 2K or 4K."))
            }
            return size
        })
    var size = ClassicSize.oneK

    @Option(help: hint("UID：4 或 7 字节，十六进制。", "The UID: 4 or 7 bytes in hexadecimal."))
    var uid: String

    @Option(help: hint("持卡人学工号。", "The holder's number."))
    var holder: String

    @Option(help: hint("小钱包余额，单位分。", "What the small purse holds, in fen."))
    var purse: Int64 = 0

    @Option(help: hint("水电钱包余额，单位分。", "What the water and electricity purse holds, in fen."))
    var otherPurse: Int64 = 0

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    @Argument(help: hint("要写的文件，原始格式（.mfd）。", "The file to write, raw (.mfd)."))
    var image: String

    private struct Report: Encodable {
        let image: String
        let size: String
        let uid: String
    }

    func run() throws {
        guard let bytes = [UInt8](hex: uid), [4, 7].contains(bytes.count), let uid = CardUID(bytes) else {
            throw Complaint(
                usage: Text("--uid：不是 UID", "--uid: no UID"),
                nextStep: Text("给出 4 或 7 字节的十六进制", "give 4 or 7 bytes in hexadecimal"))
        }
        let (layout, ring) = try (readLayout(), readKeys())
        guard
            let memory = SampleCard.memory(
                size: size, uid: uid, holderNumber: holder, smallPurse: Fen(purse), otherPurse: Fen(otherPurse),
                layout: layout, keys: ring),
            let chip = ClassicChip(size: size, uid: uid, memory: memory)
        else {
            throw Complaint(
                usage: Text(
                    "学工号或金额不合布局，或密钥环缺少密钥",
                    "the holder number or an amount does not fit the layout, or the key ring lacks a key"),
                nextStep: Text("对照布局文件核对", "compare them with the layout's file"))
        }
        try write(CardImage(chip))
        if json {
            print(try jsonLine(Report(image: image, size: size.rawValue, uid: bytes.hex())))
        } else {
            print(words("已生成 \(image)", "made \(image)"))
        }
    }

    private func readLayout() throws(Complaint) -> CardLayout {
        do throws(DataFileError) { return try CardLayout.load(path: layout) } catch {
            throw Complaint(error, option: "--layout")
        }
    }

    private func readKeys() throws(Complaint) -> FileKeyRing {
        do throws(DataFileError) { return try FileKeyRing(path: keys) } catch {
            throw Complaint(error, option: "--keys")
        }
    }

    private func write(_ card: CardImage) throws(Complaint) {
        do throws(ImageError) { try card.write(path: image) } catch {
            let folder = URL(filePath: image).deletingLastPathComponent().path
            let code = unsafe access(folder, W_OK) == 0 ? EISDIR : errno
            throw Complaint(
                notWritable: image, code, option: Text("换一个可写的路径", "name a path that can be written"))
        }
    }
}
