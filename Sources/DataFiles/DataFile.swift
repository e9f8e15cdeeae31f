import FoundationEssentials

/// Reads files that people put in place, whole.
public enum DataFile {
    /// The bytes of the file at `path`, at most `limit` of them.
    public static func read(_ path: String, limit: Int) throws(DataFileError) -> [UInt8] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let size = (attributes?[.size] as? UInt64).map(Int.init(clamping:)), size > limit {
            throw DataFileError(file: path, path: "", expected: "at most \(limit) bytes, not \(size)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DataFileError(file: path, path: "", expected: "a file that can be read")
        }
        return [UInt8](data)
    }
}
