/// What is wrong in a data file that people edit: which file, which value in it, and what was expected there.
public struct DataFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, by the path it was opened with.
    public let file: String
    /// The way to the value, as in `commands.loadKey` or `match.usb[1]`; empty when the file as a whole is meant.
    public let path: String
    /// What was expected there instead, in words.
    public let expected: String

    /// The fault at `path` in `file`.
    public init(file: String, path: String, expected: String) {
        self.file = file
        self.path = path
        self.expected = expected
    }

    /// For people.
    public var description: String {
        path.isEmpty ? "\(file): expected \(expected)" : "\(file): \(path): expected \(expected)"
    }
}
