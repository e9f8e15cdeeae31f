import FoundationEssentials
import Glibc

/// A reader that the daemon leaves to a technician's tool, for as long as this lives and two minutes at most.
public final class ControlLoan {
    /// What the daemon answered; only with ``LendAnswer/Outcome/lent`` is the reader ours.
    public let answer: LendAnswer
    private let descriptor: Int32

    /// Asks the daemon whose control socket is at `socket` for the reader whose name contains `reader`, or for its only one.
    public init(socket: String, reader: String?) throws(ControlQuestionError) {
        let question = ControlQuestion(path: socket)
        descriptor = try question.connected()
        var request = ControlRequest("lend")
        request.reader = reader
        let line: [UInt8]
        do throws(ControlQuestionError) {
            line = try question.ask(request, on: descriptor, milliseconds: 3000) { $1 ? $0 : nil }
        } catch {
            close(descriptor)
            throw error
        }
        guard let answer = try? JSONDecoder().decode(LendAnswer.self, from: Data(line)) else {
            close(descriptor)
            throw .notUnderstood
        }
        self.answer = answer
    }

    deinit { close(descriptor) }
}
