import DataFiles
import FoundationEssentials
import Glibc
import Health
import Platform
import Terminal

// What a box needs before anything can run: its files and its programs.

extension Check {
    static let configuration = Check("configuration", Text("配置文件", "the configuration")) { examination in
        let path = examination.box.configuration
        guard FileManager.default.fileExists(atPath: path) else {
            return [Finding("configuration", .trouble(.configurationMissing), Text(plain: path))]
        }
        switch examination.setup {
        case .success(let setup):
            return [
                Finding(
                    "configuration", .well, Text("终端 \(setup.number)，\(path)", "terminal \(setup.number), \(path)"))
            ]
        case .failure(let error):
            return [Finding("configuration", .trouble(.configurationInvalid), Text(plain: "\(error)"))]
        }
    }

    static let credentials = Check("credentials", Text("凭证和密钥文件", "credentials and keys")) { examination in
        guard let setup = try? examination.setup.get() else { return [.waiting("credentials")] }
        let credentials = setup.credentials
        guard FileManager.default.fileExists(atPath: credentials) else {
            return [Finding("credentials", .trouble(.notEnrolled), Text(plain: credentials))]
        }
        var findings: [Finding] = []
        for path in [
            credentials, setup.stateDirectory + "/journal.key", examination.configuration?.keys ?? credentials,
        ]
        where FileManager.default.fileExists(atPath: path) && isOpenToAll(path) {
            let finding = Finding("credentials", .trouble(.secretsReadable), Text(plain: path))
            if !findings.contains(finding) { findings.append(finding) }
        }
        if examination.configuration == nil {
            do throws(DataFileError) { _ = try Configuration.load(path: examination.box.configuration) } catch {
                findings.append(Finding("credentials", .trouble(.configurationInvalid), Text(plain: "\(error)")))
            }
        }
        return findings
    }

    static let files = Check("files", Text("描述文件、密钥和语音包", "profiles, keys and voice packs")) { examination in
        guard let configuration = examination.configuration else { return [.waiting("files")] }
        let check = StartCheck(configuration)
        var findings = check.conditions.map { Finding("files", .trouble($0.notice), Text(plain: $0.detail)) }
        if let stop = check.stop {
            findings.append(Finding("files", .trouble(.configurationInvalid), Text(plain: stop.description)))
        }
        return findings
    }

    static let daemon = Check("daemon", Text("终端服务 yikad", "the service yikad")) { examination in
        guard (try? examination.setup.get()) != nil else { return [.waiting("daemon")] }
        switch examination.status {
        case .success(let status):
            return [
                Finding(
                    "daemon", .well,
                    Text(
                        "正在运行，进程 \(status.process)",
                        "runs as process \(status.process)"))
            ]
        case .failure(.forbidden):
            return [Finding("daemon", .skipped, Text("无权询问；请以 root 运行", "may not be asked; run as root"))]
        case .failure(let error):
            return [Finding("daemon", .trouble(.daemonNotRunning), Text(plain: "\(error)"))]
        }
    }

    static let versions = Check("versions", Text("版本", "versions")) { examination in
        let installed = examination.box.version
        guard let running = examination.daemon?.version else {
            return [Finding("versions", .well, Text("已安装 \(installed)", "\(installed) is installed"))]
        }
        guard running == installed else {
            return [
                Finding(
                    "versions", .trouble(.versionsDiffer),
                    Text("运行中 \(running)，已安装 \(installed)", "\(running) runs, \(installed) is installed"))
            ]
        }
        return [Finding("versions", .well, Text(plain: running))]
    }

    static let conditions = Check("conditions", Text("yikad 报告的故障", "what yikad says of itself")) { examination in
        guard let status = examination.daemon else { return [.waiting("conditions")] }
        return status.conditions.filter(\.isVisible).compactMap { condition in
            Notice.named(condition.code).map { Finding("conditions", .trouble($0), Text(plain: condition.detail)) }
        }
    }

    /// Whether users other than the file's owner and group may read it.
    private static func isOpenToAll(_ path: String) -> Bool {
        var figures = stat()
        return unsafe stat(path, &figures) == 0 && figures.st_mode & 0o007 != 0
    }
}

extension Finding {
    /// Something else has to be there first, and its own check has told so.
    static func waiting(_ check: String) -> Finding {
        Finding(check, .skipped, Text("先处理上面的问题", "what is wrong above comes first"))
    }
}
