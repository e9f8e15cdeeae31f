import FoundationEssentials

/// A folder of JSON5 files of one kind, each named after the id of what is in it.
public enum JSON5Folder {
    /// Reads every `*.json5` in `directory`, in the order of their names. A bad file takes only itself away.
    ///
    /// - Parameter id: what a value is called; messages and configuration name it so, and must be led to one file.
    /// - Returns: the values, and what was wrong with the other files, or with the folder.
    public static func load<Value: Decodable>(
        _ type: Value.Type, directory: String, id: (Value) -> String
    ) -> (values: [Value], errors: [DataFileError]) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            return ([], [DataFileError(file: directory, path: "", expected: "a directory that can be read")])
        }
        var values: [Value] = []
        var errors: [DataFileError] = []
        for name in names.sorted() where name.hasSuffix(".json5") {
            let path = "\(directory)/\(name)"
            do throws(DataFileError) {
                let value = try JSON5File.decode(Value.self, from: path)
                let stem = String(name.dropLast(".json5".count))
                guard id(value) == stem else {
                    throw DataFileError(file: path, path: "id", expected: "'\(stem)', the file's name")
                }
                values.append(value)
            } catch {
                errors.append(error)
            }
        }
        return (values, errors)
    }
}
