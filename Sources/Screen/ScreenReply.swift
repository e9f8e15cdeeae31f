/// What a request is answered with, except the events, which do not end.
struct ScreenReply {
    var status: UInt32
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []

    /// What every answer says: only what this server itself serves may run, load or be asked, nobody may frame it, and
    /// nothing of it is for another site.
    static let guards: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
                + "require-trusted-types-for 'script'"
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ]

    /// A file of the page. It is kept by the browser and asked for again each time: a new firmware brings new ones.
    static func file(_ file: ScreenFile, isKnown: Bool) -> ScreenReply {
        ScreenReply(
            status: isKnown ? 304 : 200,
            headers: [("Content-Type", file.type), ("ETag", file.tag), ("Cache-Control", "no-cache")],
            body: isKnown ? [] : file.bytes)
    }

    /// What the terminal counts, in Prometheus' text format.
    static func metrics(_ text: String) -> ScreenReply {
        ScreenReply(
            status: 200, headers: [("Content-Type", "text/plain; version=0.0.4"), ("Cache-Control", "no-store")],
            body: Array(text.utf8))
    }

    /// The keys were taken.
    static let taken = ScreenReply(status: 204, headers: [("Cache-Control", "no-store")])

    /// A refusal: its code and its sentence, as the ledger words its own.
    static func refusal(_ refusal: ScreenRefusal) -> ScreenReply {
        ScreenReply(
            status: refusal.status,
            headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")] + refusal.headers,
            body: Array(#"{"code":"\#(refusal.code)","detail":"\#(refusal.detail)"}"#.utf8))
    }
}

/// Why a request is not answered with what it asked for.
struct ScreenRefusal {
    let status: UInt32
    let code: String
    let detail: String
    var headers: [(name: String, value: String)] = []

    static let foreignHost = ScreenRefusal(
        status: 421, code: "W-HOST", detail: "only this terminal's own address is answered")
    static let foreignOrigin = ScreenRefusal(
        status: 403, code: "W-ORIGIN", detail: "only this terminal's own page may ask this")
    static let noSuchPage = ScreenRefusal(status: 404, code: "W-PATH", detail: "there is no such page")
    static let notJSON = ScreenRefusal(status: 415, code: "W-TYPE", detail: "keys come as application/json")
    static let noKey = ScreenRefusal(
        status: 400, code: "W-KEY", detail: "expected a key of the terminal, or at most 8 of them under keys")
    static let tooLong = ScreenRefusal(
        status: 413, code: "W-LENGTH", detail: "a body has at most \(ScreenSite.bodyMost) bytes")
    static let tooMany = ScreenRefusal(
        status: 503, code: "W-BUSY", detail: "\(ScreenSite.streamsMost) screens are watching already",
        headers: [("Retry-After", "2")])

    static func wrongMethod(_ allowed: String) -> ScreenRefusal {
        ScreenRefusal(
            status: 405, code: "W-METHOD", detail: "this takes \(allowed)", headers: [("Allow", allowed)])
    }
}
