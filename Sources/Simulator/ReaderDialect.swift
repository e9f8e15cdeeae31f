import DeviceProfiles
import Synchronization

/// A profile prepared for understanding commands: its templates by their instruction, its signals by their way in.
final class ReaderDialect: Sendable {
    let profile: ReaderProfile
    /// The commands to the reader itself that come as APDUs.
    let apduSignals: [SignalCommand]
    /// Those that come as escape commands, and the numbers they may come under.
    let escapeSignals: [SignalCommand]
    let controlCodes: Set<UInt32>
    /// What the reader answers to a command that it does not know.
    let unsupportedWord: UInt16
    /// In which order the bytes of a value are given back: that in which the reader takes them.
    let isValueHighByteFirst: Bool

    /// By the second byte of a command; a form whose second byte varies stands under all.
    private let patterns: [[CommandPattern]]

    private static let prepared = Mutex<[ReaderDialect]>([])
    /// More profiles than anybody has, fewer than a sweep over changed profiles makes.
    private static let mostPrepared = 100

    /// The dialect of `profile`; sweeps make a reader for every tap, so it is prepared once only.
    static func of(_ profile: ReaderProfile) -> ReaderDialect {
        prepared.withLock { prepared in
            if let known = prepared.first(where: { $0.profile == profile }) { return known }
            let dialect = ReaderDialect(profile)
            if prepared.count == mostPrepared { prepared.removeFirst() }
            prepared.append(dialect)
            return dialect
        }
    }

    private init(_ profile: ReaderProfile) {
        self.profile = profile
        apduSignals = profile.signals.filter { $0.transport == .apdu }.map(\.command)
        escapeSignals = profile.signals.filter { $0.transport == .escape }.map(\.command)
        controlCodes = Set(profile.controlCodes.controlCodes)
        unsupportedWord = profile.statusWords.word(for: .unsupported, in: .uid)
        var patterns = [[CommandPattern]](repeating: [], count: 256)
        let all = CardOperation.allCases.compactMap { CommandPattern($0, in: profile) }
        for pattern in all {
            if let instruction = pattern.instruction {
                patterns[Int(instruction)].append(pattern)
            } else {
                for index in patterns.indices { patterns[index].append(pattern) }
            }
        }
        self.patterns = patterns
        isValueHighByteFirst = all.contains { $0.isValueHighByteFirst }
    }

    /// What the reader takes `command` for.
    func request(_ command: [UInt8]) -> ReaderRequest {
        if command.count >= 2 {
            for pattern in patterns[Int(command[1])] where pattern.matches(command) {
                return ReaderRequest(command, pattern, self)
            }
        }
        if let signal = apduSignals.first(where: { $0.send == command }) { return ReaderRequest(signal, self) }
        return ReaderRequest(unknown: command, self)
    }
}
