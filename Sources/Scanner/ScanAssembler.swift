public import Platform

/// Puts whole codes together from what a scanner sends, whatever it sends.
///
/// It knows no clock and no device: it is told what came and when, and when nothing came.
public struct ScanAssembler: Sendable {
    /// The longest code, in bytes; a payment code has 336.
    public static let longest = 512
    /// How long an identical code counts as the scanner's repeating itself, in milliseconds since it was last seen.
    public static let repeatMilliseconds: Int64 = 1000
    /// Scans that are handed on in a second: more than anybody can present.
    public static let mostASecond = 20

    private let terminators: [UInt8]
    private let prefixes: [[UInt8]]
    private let silenceMilliseconds: Int64

    private var bytes: [UInt8] = []
    /// Whether the code is too long and its rest is being dropped.
    private var isDropping = false
    private var lastByte: Instant?
    private var lastCode: (scan: Scan, seen: Instant)?
    private var second: (begun: Instant, scans: Int)?

    /// An assembler that has seen nothing.
    ///
    /// - Parameters:
    ///   - terminators: the bytes that each end a code; with none, silence does.
    ///   - prefixes: what the scanner puts before a code; the longest that fits is taken away.
    ///   - silenceMilliseconds: how long after its last byte a code without an end is over.
    public init(terminators: [UInt8], prefixes: [[UInt8]] = [], silenceMilliseconds: Int64 = 150) {
        self.terminators = terminators
        self.prefixes = prefixes.sorted { $0.count > $1.count }
        self.silenceMilliseconds = silenceMilliseconds
    }

    /// When ``silence(at:)`` should be called if nothing comes before; `nil`: there is nothing to wait for.
    public var deadline: Instant? {
        bytes.isEmpty && !isDropping ? nil : lastByte?.advanced(milliseconds: silenceMilliseconds)
    }

    /// `new` came at `now`.
    ///
    /// How long ago the byte before came does not matter here: when this thread was late, both lay in the kernel together.
    public mutating func take(_ new: some Sequence<UInt8>, at now: Instant) -> [ScanOutcome] {
        var outcomes: [ScanOutcome] = []
        for byte in new {
            lastByte = now
            if terminators.contains(byte) {
                // Two terminators one after the other, as CR and LF, hold no code between them.
                if !isDropping, !bytes.isEmpty { outcomes += finish(isWhole: true, at: now) }
                (bytes, isDropping) = ([], false)
            } else if !isDropping {
                bytes.append(byte)
                guard bytes.count > Self.longest else { continue }
                outcomes += handOn(.tooLong, at: now)
                (bytes, isDropping) = ([], true)
            }
        }
        return outcomes
    }

    /// Nothing has come, and it is `now`.
    public mutating func silence(at now: Instant) -> [ScanOutcome] {
        guard let deadline, now >= deadline else { return [] }
        defer { (bytes, isDropping) = ([], false) }
        return isDropping ? [] : finish(isWhole: terminators.isEmpty, at: now)
    }

    /// The scanner is gone: what had come of a code is dropped.
    public mutating func abandon() { (bytes, isDropping, lastByte) = ([], false, nil) }

    private mutating func finish(isWhole: Bool, at now: Instant) -> [ScanOutcome] {
        let start = prefixes.first { bytes.starts(with: $0) }?.count ?? 0
        let code = bytes.dropFirst(start)
        guard !code.isEmpty else { return [] }
        guard code.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let text = String(validating: code, as: UTF8.self) else {
            return handOn(.garbled, at: now)
        }
        let scan = Scan(text: text)
        guard isWhole else { return handOn(.incomplete(scan), at: now) }
        // Seen again counts from here: a code held before a scanner that repeats is one presentation, however long.
        defer { lastCode = (scan, now) }
        if let lastCode, lastCode.scan == scan,
            now.milliseconds(since: lastCode.seen) < Self.repeatMilliseconds
        {
            return []
        }
        return handOn(.code(scan), at: now)
    }

    private mutating func handOn(_ outcome: ScanOutcome, at now: Instant) -> [ScanOutcome] {
        var scans = 0
        var begun = now
        if let second, now.milliseconds(since: second.begun) < 1000 { (begun, scans) = second }
        second = (begun, scans + 1)
        if scans < Self.mostASecond { return [outcome] }
        return scans == Self.mostASecond ? [.flood] : []
    }
}
