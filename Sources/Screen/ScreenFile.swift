/// A file of the page, as it lies in the program.
struct ScreenFile {
    let bytes: [UInt8]
    let type: String
    /// What a browser that has it already asks with.
    let tag: String

    init(_ bytes: [UInt8], _ type: String) {
        self.bytes = bytes
        self.type = type
        tag = "\"\(Self.fingerprint(bytes))\""
    }

    /// All of them, by path.
    static let all: [String: ScreenFile] = [
        "/": ScreenFile(PackageResources.face_html, "text/html; charset=utf-8"),
        "/cashier": ScreenFile(PackageResources.cashier_html, "text/html; charset=utf-8"),
        "/page.css": ScreenFile(PackageResources.page_css, "text/css; charset=utf-8"),
        "/face.css": ScreenFile(PackageResources.face_css, "text/css; charset=utf-8"),
        "/cashier.css": ScreenFile(PackageResources.cashier_css, "text/css; charset=utf-8"),
        "/page.js": ScreenFile(PackageResources.page_js, "text/javascript; charset=utf-8"),
        "/words.js": ScreenFile(PackageResources.words_js, "text/javascript; charset=utf-8"),
        "/face.js": ScreenFile(PackageResources.face_js, "text/javascript; charset=utf-8"),
        "/cashier.js": ScreenFile(PackageResources.cashier_js, "text/javascript; charset=utf-8"),
        "/pictures.svg": ScreenFile(PackageResources.pictures_svg, "image/svg+xml"),
    ]

    /// What a page compares to see that another firmware serves it now.
    static let edition = fingerprint(all.sorted { $0.key < $1.key }.flatMap { $0.value.tag.utf8 })

    /// FNV-1a of 64 bits: tells two editions of our own files apart, and guards nothing.
    private static func fingerprint(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}
