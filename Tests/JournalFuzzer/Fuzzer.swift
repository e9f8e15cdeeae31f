import JournalFuzzing

// libFuzzer as a program: the first byte of an input chooses the target, so that one program and one corpus serve all.

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
        _ = unsafe runDriver(&count, &arguments) { start, count in
            let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
            guard let first = bytes.first else { return 0 }
            let targets = FuzzTarget.allCases
            targets[Int(first) % targets.count].feed(Array(bytes.dropFirst()))
            return 0
        }
    }
}
