import CBareTap
package import Measuring
package import SmartCard

/// What was said to a card in one tap, and what it answered.
package struct Script {
    /// A command and its answer, or a re-selection, which has neither.
    package struct Step {
        package var command: [UInt8] = []
        package var answer: [UInt8] = []
        package var isCommand: Bool { !command.isEmpty }
    }

    package var steps: [Step] = []
    package var apdus: Int { steps.count(where: \.isCommand) }
}

/// Writes down what goes through it.
package final class Recorder: CardTransport {
    private let base: any CardTransport
    package private(set) var script = Script()

    package init(_ base: any CardTransport) { self.base = base }

    package var atr: [UInt8] { base.atr }

    package func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        let answer = try base.transmit(command)
        script.steps.append(Script.Step(command: command, answer: answer))
        return answer
    }

    package func reselect() throws(PCSCError) {
        try base.reselect()
        script.steps.append(Script.Step())
    }

    /// Refused: what goes to the reader alone is no part of a handshake.
    package func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        throw PCSCError(call: "SCardControl", code: .invalidParameter)
    }
}

/// Answers as a script says, in no time: what is left then is our own.
package final class Replay: CardTransport {
    package let atr: [UInt8]
    private let steps: [Script.Step]
    private var next = 0

    package init(_ script: Script, atr: [UInt8]) {
        steps = script.steps
        self.atr = atr
    }

    package func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        guard next < steps.count, steps[next].command == command else {
            throw PCSCError(call: "SCardTransmit", code: .notTransacted)
        }
        next += 1
        return steps[next - 1].answer
    }

    package func reselect() throws(PCSCError) {
        guard next < steps.count, !steps[next].isCommand else {
            throw PCSCError(call: "SCardReconnect", code: .noSmartcard)
        }
        next += 1
    }

    /// Refused, as by ``Recorder``.
    package func control(code: UInt32, _ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        throw PCSCError(call: "SCardControl", code: .invalidParameter)
    }
}

/// Records that a bare loop makes durable: one before the command of that number, counted from 0, and one at the end.
package struct BareRecords {
    let file: BareFile
    let intent: Int

    package init(_ file: BareFile, intent: Int) {
        self.file = file
        self.intent = intent
    }
}

/// The same commands from a loop in C.
package struct BareTap {
    private static let room = Int(YIKA_BARE_ANSWER)
    private let script: Script
    private let reader: String
    private let commands: [UInt8]
    private let lengths: [Int]
    private var answers: [UInt8]
    private var answerLengths: [Int]
    private var nanoseconds: [Int64]

    package init(_ script: Script, reader: String) {
        self.script = script
        self.reader = reader
        commands = script.steps.flatMap(\.command)
        lengths = script.steps.map(\.command.count)
        answers = [UInt8](repeating: 0, count: script.steps.count * Self.room)
        answerLengths = [Int](repeating: 0, count: script.steps.count)
        nanoseconds = [Int64](repeating: 0, count: script.steps.count)
    }

    /// What one tap costs, from connecting to letting go.
    ///
    /// - Parameter records: where it makes two records durable besides, as a sale does.
    package mutating func cost(_ records: BareRecords? = nil) throws -> Cost {
        var status = 0
        let file = records?.file.descriptor ?? -1
        let offset = Int64(records?.file.reserve(2) ?? 0)
        let intent = records?.intent ?? 0
        let cost = Cost {
            status = unsafe yika_bare_tap(
                reader, commands, lengths, lengths.count, &answers, &answerLengths, nil, file, offset, intent)
        }
        try check(status)
        return cost
    }

    /// Milliseconds of each single `SCardTransmit` of one tap.
    package mutating func transmits() throws -> [Double] {
        let status = unsafe yika_bare_tap(
            reader, commands, lengths, lengths.count, &answers, &answerLengths, &nanoseconds, -1, 0, 0)
        try check(status)
        return zip(script.steps, nanoseconds).filter(\.0.isCommand).map { Double($0.1) / 1e6 }
    }

    /// Only a loop that heard what we heard has done the same work.
    private func check(_ status: Int) throws {
        guard status == 0 else { throw Failure("the bare loop ended with \(String(status, radix: 16))") }
        for (index, step) in script.steps.enumerated() {
            let answer = answers[index * Self.room..<index * Self.room + answerLengths[index]]
            guard step.answer.elementsEqual(answer) else {
                throw Failure("the bare loop got another answer to command \(index + 1) than we did")
            }
        }
    }
}
