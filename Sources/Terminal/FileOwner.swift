import Glibc

/// Whose a file is. What root writes for the daemon must become the daemon's, or it could not read it.
public struct FileOwner: Sendable, Hashable {
    private let user: uid_t
    private let group: gid_t

    /// The owner of the file or folder at `path`; `nil` when it cannot be looked up.
    public init?(of path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        (user, group) = (status.st_uid, status.st_gid)
    }

    /// Gives the file at `path` to this owner; whether it is so now.
    public func take(_ path: String) -> Bool {
        if FileOwner(of: path) == self { return true }
        return unsafe lchown(path, user, group) == 0
    }
}
