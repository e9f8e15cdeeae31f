import ArgumentParser
import DataFiles
import FoundationEssentials
import Health
import Platform
import Terminal

/// Where the terminal's configuration is, and through it everything else.
struct TerminalPlace: ParsableArguments {
    @Option(help: hint("本机的配置文件。", "The terminal's configuration."))
    var config = usualConfiguration

    @Option(
        help: hint("yikad 的控制套接字，代替配置中的。", "The daemon's control socket, in place of the configuration's."))
    var socket: String?

    @Flag(help: hint("以 JSON 输出。", "As JSON."))
    var json = false

    func setup() throws(Complaint) -> TerminalSetup { try loadSetup(config) }

    func configuration() throws(Complaint) -> Configuration {
        let path = try readableConfiguration(config)
        do throws(DataFileError) { return try Configuration.load(path: path) } catch {
            throw .configurationInvalid(error)
        }
    }

    /// The control socket's path.
    func socketPath() throws(Complaint) -> String {
        if let socket { return socket }
        guard let path = try setup().controlSocket else {
            throw Complaint(
                ComplaintCode.noControlSocket, .unreachable,
                problem: Text("配置中没有 controlSocket", "the configuration names no controlSocket"),
                nextStep: Text("在配置中加上它，然后执行 systemctl restart yikad", "add one, then run: systemctl restart yikad"))
        }
        return path
    }

    /// The running daemon, to be asked.
    func daemon() throws(Complaint) -> Daemon { Daemon(path: try socketPath()) }
}

/// The running daemon, behind its control socket.
struct Daemon {
    let path: String

    /// Asks, and decodes the answer.
    func ask<Answer: Decodable>(
        _ request: ControlRequest, as type: Answer.Type = Answer.self, milliseconds: Int64 = 3000
    ) throws(Complaint) -> Answer {
        do throws(ControlQuestionError) {
            let line = try ControlQuestion(path: path).ask(request, milliseconds: milliseconds) { line, isAnswer in
                isAnswer ? line : nil
            }
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(line)) else { throw .notUnderstood }
            return answer
        } catch {
            throw error.complaint(path)
        }
    }
}
