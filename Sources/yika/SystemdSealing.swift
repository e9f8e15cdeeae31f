import Diagnosis
import Terminal

/// Seals by systemd-creds(1), with what systemd later unseals them by for the daemon: the box's TPM, or its host key.
struct SystemdSealing: Sealing {
    /// Where systemd looks for `LoadCredentialEncrypted=NAME` (systemd.exec(5)).
    static let folder = "/etc/credstore.encrypted"

    func seal(_ bytes: [UInt8], as name: String) throws(EnrolmentError) -> [UInt8] {
        try convert(bytes, "encrypt", name)
    }

    func open(_ bytes: [UInt8], as name: String) throws(EnrolmentError) -> [UInt8] {
        try convert(bytes, "decrypt", name)
    }

    private func convert(_ bytes: [UInt8], _ verb: String, _ name: String) throws(EnrolmentError) -> [UInt8] {
        let done: (output: [UInt8], errors: String, status: Int32)
        do throws(Command.Failure) {
            done = try Command.filter(bytes, through: ["systemd-creds", verb, "--name=\(name)", "-", "-"])
        } catch {
            throw .notSealed("systemd-creds: \(error)")
        }
        guard done.status == 0 else {
            let why = done.errors.split(separator: "\n").last.map(String.init)
            throw .notSealed(why ?? "systemd-creds ended with \(done.status >> 8)")
        }
        return done.output
    }
}
