public import DataFiles

/// A file of certificates in PEM that a campus's own authority signs with.
public enum AuthoritiesFile {
    /// The most that such a file may have: the whole of the public authorities' takes a quarter of a mebibyte.
    private static let limit = 4 << 20

    /// Makes sure that the file at `path` can be read and holds a certificate: without, no connection ever succeeds.
    public static func check(_ path: String) throws(DataFileError) {
        let text = String(decoding: try DataFile.read(path, limit: limit), as: UTF8.self)
        guard text.contains("-----BEGIN CERTIFICATE-----") else {
            throw DataFileError(file: path, path: "", expected: "certificates in PEM")
        }
    }
}
