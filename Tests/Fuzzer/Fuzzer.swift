import CardFuzzing
import Glibc
import JournalFuzzing
import VoiceFuzzing

// libFuzzer as a program: YIKA_FUZZ_TARGETS says whether it feeds the targets of the journal or those of cards or
// of voice packs, and the first byte of an input chooses among these.

typealias FuzzFunction = @convention(c) (UnsafePointer<UInt8>, Int) -> CInt

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>, _ one: FuzzFunction
) -> CInt

@main
struct Fuzzer {
    static func main() {
        var count = CommandLine.argc
        var arguments = unsafe CommandLine.unsafeArgv
        switch unsafe getenv("YIKA_FUZZ_TARGETS").map({ unsafe String(cString: $0) }) {
        case "journal":
            _ = unsafe runDriver(&count, &arguments) { start, count in
                let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
                guard let first = bytes.first else { return 0 }
                let targets = FuzzTarget.allCases
                targets[Int(first) % targets.count].feed(Array(bytes.dropFirst()))
                return 0
            }
        case "card":
            _ = unsafe runDriver(&count, &arguments) { start, count in
                let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
                if let (target, bytes) = CardTarget.chosen(by: input) { target.feed(bytes) }
                return 0
            }
        case "voice":
            _ = unsafe runDriver(&count, &arguments) { start, count in
                let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
                if let (target, bytes) = VoiceTarget.chosen(by: input) { target.feed(bytes) }
                return 0
            }
        default:
            print("YIKA_FUZZ_TARGETS must be journal, card or voice")
            exit(64)
        }
    }
}
