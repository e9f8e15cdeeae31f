import FoundationEssentials
import Glibc
import Platform
import Screen

// A screen without a terminal: it shows the states that are written to it, one a line as JSON, and says the keys that are
// pressed, one a line.
//
//   screen-driver PORT
//
// It ends when its input does.

func say(_ words: String) {
    let line = Array((words + "\n").utf8)
    _ = unsafe write(STDOUT_FILENO, line, line.count)
}

guard CommandLine.arguments.count == 2, let port = UInt16(CommandLine.arguments[1]) else { exit(64) }

let server: ScreenServer
do throws(ScreenError) {
    server = try ScreenServer(port: port) { key in say(#"{"key":"\#(key.rawValue)"}"#) }
} catch {
    standardError("screen-driver: \(error)\n")
    exit(1)
}
say(#"{"port":\#(server.port)}"#)

while let line = readLine() {
    do {
        server.publish(try JSONDecoder().decode(ScreenState.self, from: Data(line.utf8)))
    } catch {
        standardError("screen-driver: \(error)\n")
        exit(65)
    }
}
server.stop()
