import Glibc
public import Platform

/// Where the daemon and the technician's tool ask the privileged helper for a reset.
///
/// They need no rights on USB for it, only to write a file: systemd sees it and starts the helper.
public struct ResetDesk: Sendable {
    /// The folder that systemd watches, as in `systemd/yika-reader-reset.path`.
    public static let standardFolder = "/run/yika/reader-reset"
    /// How long a helper that works may take, in milliseconds: to be started, to switch a port off for two seconds and
    /// on again, and to see the device come back.
    public static let patienceMilliseconds: Int64 = 15_000
    /// How long after it was written a request may still be carried out, in milliseconds: whoever asked has given up.
    static let staleMilliseconds: Int64 = 2 * patienceMilliseconds
    /// How often it is looked whether the answer is there.
    private static let lookMilliseconds: Int64 = 100
    /// As long as an outcome may be, in bytes.
    static let longestOutcome = 4096

    private let folder: String
    private let time: any TimeSource

    /// The desk at `folder`.
    public init(folder: String = standardFolder, time: any TimeSource = SystemTime()) {
        self.folder = folder
        self.time = time
    }

    /// What came of asking.
    public enum Answer: Hashable, Sendable {
        /// The helper has answered.
        case answered(ResetOutcome)
        /// There is no folder, so no helper is installed; or we may not write there.
        case notInstalled(USBError)
        /// Nobody took the request: the helper's path unit is not running.
        case nobodyThere
        /// The request could not be written.
        case failed(USBError)
    }

    /// Whether the folder for requests is there and may be written to.
    public var isOpen: Bool { unsafe access(folder, W_OK | X_OK) == 0 }

    /// Asks, and waits for the answer until `deadline`, by default ``patienceMilliseconds`` from now. Blocks.
    public func ask(_ request: ResetRequest, until deadline: Instant? = nil) -> Answer {
        let deadline = deadline ?? time.now().advanced(milliseconds: Self.patienceMilliseconds)
        let name = "\(request.port)"
        let place: ResetFolder
        do throws(USBError) { place = try ResetFolder(path: folder) } catch { return .notInstalled(error) }
        place.remove(ResetFolder.outcome(of: name))
        do throws(USBError) { try place.write(name, request.bytes) } catch {
            return [EACCES, EROFS, EPERM].contains(error.code.rawValue) ? .notInstalled(error) : .failed(error)
        }
        while true {
            if let file = place.read(ResetFolder.outcome(of: name), limit: Self.longestOutcome),
                let outcome = ResetOutcome(file.bytes)
            {
                place.remove(ResetFolder.outcome(of: name))
                return .answered(outcome)
            }
            guard time.now() < deadline else { break }
            time.sleep(milliseconds: Self.lookMilliseconds)
        }
        // Taken back: a helper that starts only now must not surprise anybody.
        place.remove(name)
        return .nobodyThere
    }
}
