import DataFiles
import Glibc
import Logging
import Platform
import Terminal

// yikad: the terminal's daemon. `yikad --config FILE`; exit status as in sysexits.h: 64 usage, 75 busy, 78 configuration.

func complain(_ text: String) {
    let line = Array("yikad: \(text)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 2, arguments.first == "--config", let path = arguments.last else {
    complain("usage: yikad --config FILE")
    exit(64)
}
ProcessMemory.keepLittle()
do {
    let configuration = try Configuration.load(path: path)
    TerminalService.prepareSignals()
    let underSystemd = unsafe getenv("JOURNAL_STREAM") != nil
    let log = Logger(label: "yikad") { label in
        let fields: (any LogHandler)? = underSystemd ? JournaldLog(label: label) : nil
        return fields ?? StandardErrorLog(label: label, isUnderSystemd: underSystemd)
    }
    let service = try TerminalService(configuration: configuration, log: log)
    // Profiles, layouts and manifests have been read; what they were read through is not needed again.
    ProcessMemory.giveBack()
    exit(service.run())
} catch let error as DataFileError {
    complain("[YK-C01] \(error); correct the file there")
    exit(78)
} catch let error as TerminalError {
    complain("\(error)")
    exit(error.exitStatus)
} catch {
    complain("\(error)")
    exit(70)
}
