/// What a disk may hold when the power comes back: one after another, or one at random.
///
/// Each sector written since the last sync is there as it was before, as it is now, or as it was in between; each name
/// changed since the last directory sync likewise, independent of the others; a file that grew has got any part of its
/// new length. An operation that was under way counts as carried out and not synced, so it is there in every part.
public struct PowerCut: Sendable {
    /// Something that the power cut leaves open, and what it may come to.
    ///
    /// The first choice is always what the medium is sure to hold, the last what the system saw.
    private enum Question {
        case name(String, choices: [Int?])
        case length(file: Int, choices: [Int])
        case sector(file: Int, sector: Int, choices: [[UInt8]])

        var count: Int {
            switch self {
            case .name(_, let choices): choices.count
            case .length(_, let choices): choices.count
            case .sector(_, _, let choices): choices.count
            }
        }
    }

    private let disk: SimulatedDisk
    private let questions: [Question]
    /// How many ways there are to answer all questions; many of them may leave the same disk.
    public let combinations: Double

    /// The cut of the power on `disk`.
    public init(_ disk: SimulatedDisk) {
        self.disk = disk
        var questions: [Question] = []
        var reachable = Set(disk.durableNames.values).union(disk.names.values)
        for (name, earlier) in disk.changedNames {
            var choices = [disk.durableNames[name]]
            for choice in earlier + [disk.names[name]] where !choices.contains(choice) { choices.append(choice) }
            reachable.formUnion(choices.compactMap { $0 })
            if choices.count > 1 { questions.append(.name(name, choices: choices)) }
        }
        for number in reachable.sorted() {
            let file = disk.files[number]
            let lengths = file.lengths
            if lengths.count > 1 { questions.append(.length(file: number, choices: lengths)) }
            for mark in file.unsynced {
                let choices = file.choices(for: mark)
                if choices.count > 1 {
                    questions.append(.sector(file: number, sector: mark.sector, choices: choices))
                }
            }
        }
        self.questions = questions
        combinations = questions.reduce(1) { $0 * Double($1.count) }
    }

    /// Calls `body` with every different disk that the power cut can leave, or with a sample of them.
    ///
    /// - Parameters:
    ///   - bits: up to 2 to this power of combinations are all tried; of more, that many by chance, and in any case the
    ///     ones in which nothing and everything was written.
    ///   - seed: of the sample.
    /// - Returns: whether all were tried.
    @discardableResult
    public func forEachOutcome(
        upToBits bits: Int, seed: UInt64, _ body: (SimulatedDisk) throws -> Void
    ) rethrows -> Bool {
        let bound = 1 << bits
        let isExhaustive = combinations <= Double(bound)
        var generator = SplitMix64(seed: seed)
        var seen: Set<UInt64> = []
        for index in 0..<(isExhaustive ? Int(combinations) : bound) {
            var rest = index
            let answers = questions.map { question -> Int in
                let last = question.count - 1
                guard !isExhaustive else {
                    defer { rest /= question.count }
                    return rest % question.count
                }
                return index < 2 ? index * last : Int(generator.next() % UInt64(question.count))
            }
            let outcome = left(by: answers, tears: nil)
            if questions.count < 2 || seen.insert(outcome.fingerprint).inserted { try body(outcome) }
        }
        return isExhaustive
    }

    /// The disk on which nothing is but what was synced.
    public var worst: SimulatedDisk { left(by: questions.map { _ in 0 }, tears: nil) }

    /// A disk by chance; of eight unsynced sectors one is torn inside, at any byte.
    func outcome(_ generator: inout SplitMix64) -> SimulatedDisk {
        let answers = questions.map { Int(generator.next() % UInt64($0.count)) }
        let tears = questions.map { _ -> Int? in
            let value = generator.next()
            return value % 8 == 0 ? Int(value / 8 % UInt64(SimulatedDisk.sectorSize)) : nil
        }
        return left(by: answers, tears: tears)
    }

    private func left(by answers: [Int], tears: [Int?]?) -> SimulatedDisk {
        var after = disk
        after.names = disk.durableNames
        var changed: [Int: [UInt8]] = [:]
        var repaired: Set<[Int]> = []
        for (index, question) in questions.enumerated() {
            let answer = answers[index]
            switch question {
            case .name(let name, let choices):
                after.names[name] = choices[answer]
            case .length(let file, let choices):
                changed[file] = Self.resized(disk.files[file].medium, to: choices[answer])
            case .sector(let file, let sector, let choices):
                guard answer > 0 else { continue }
                var written = choices[answer]
                if let cut = tears?[index], cut < written.count {
                    let before = choices[answer - 1]
                    written = Array(written[..<cut] + before.dropFirst(cut))
                }
                changed[file] = Self.placed(written, sector, in: changed[file] ?? disk.files[file].medium)
                repaired.insert([file, sector])
            }
        }
        after.syncNames()
        for number in after.files.indices {
            let file = after.files[number]
            guard changed[number] != nil || !file.isSettled else { continue }
            after.files[number] = SimulatedFile(
                medium: changed[number] ?? file.medium,
                unreadable: file.unreadable.filter { !repaired.contains([number, $0]) })
        }
        return after
    }

    private static func resized(_ bytes: [UInt8], to length: Int) -> [UInt8] {
        length < bytes.count
            ? Array(bytes[..<length]) : bytes + [UInt8](repeating: 0, count: length - bytes.count)
    }

    private static func placed(_ sector: [UInt8], _ number: Int, in bytes: [UInt8]) -> [UInt8] {
        let start = number * SimulatedDisk.sectorSize
        var bytes = bytes
        if bytes.count < start + sector.count { bytes = resized(bytes, to: start + sector.count) }
        bytes.replaceSubrange(start..<start + sector.count, with: sector)
        return bytes
    }
}

extension SimulatedDisk {
    /// The names whose meaning is not durable, with what they meant in between.
    fileprivate var changedNames: [(name: String, earlier: [Int?])] {
        var changed: [(name: String, earlier: [Int?])] = []
        for name in Set(names.keys).union(durableNames.keys).union(earlierNames.keys).sorted() {
            let earlier = earlierNames[name] ?? []
            if names[name] != durableNames[name] || !earlier.isEmpty { changed.append((name, earlier)) }
        }
        return changed
    }
}

extension SimulatedFile {
    /// Whether memory and medium are the same.
    fileprivate var isSettled: Bool { unsynced.isEmpty && bytes.count == medium.count }

    /// The lengths it may have: growth arrives in any number of sectors.
    fileprivate var lengths: [Int] {
        guard bytes.count > medium.count else {
            return bytes.count == medium.count ? [bytes.count] : [medium.count, bytes.count]
        }
        let size = SimulatedDisk.sectorSize
        let whole = stride(from: (medium.count / size + 1) * size, to: bytes.count, by: size)
        return [medium.count] + Array(whole) + [bytes.count]
    }

    /// What may be found in an unsynced sector; only what differs, zeros being what is beyond the medium's end.
    fileprivate func choices(for mark: UnsyncedSector) -> [[UInt8]] {
        let isUnreadable = unreadable.contains(mark.sector)
        let old = sector(mark.sector, of: medium)
        var choices = [old]
        for new in mark.earlier + [sector(mark.sector, of: bytes)]
        where isUnreadable && choices.count == 1 || !choices.contains(where: { Self.isSame($0, new) }) {
            choices.append(new)
        }
        return choices
    }

    /// Whether two contents of one sector differ in nothing but zeros at the end.
    private static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        let shared = min(one.count, other.count)
        return one[..<shared] == other[..<shared] && one[shared...].allSatisfy { $0 == 0 }
            && other[shared...].allSatisfy { $0 == 0 }
    }
}
