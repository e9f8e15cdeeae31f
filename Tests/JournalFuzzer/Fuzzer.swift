import JournalFuzzing

// libFuzzer's entry: the first byte chooses the target, so that one program and one corpus serve all.

/// Called by libFuzzer with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let targets = FuzzTarget.allCases
    targets[Int(first) % targets.count].feed(Array(bytes.dropFirst()))
    return 0
}
