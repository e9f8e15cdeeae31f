import CCurl
import Synchronization

/// One HTTP exchange as it went over the wire.
struct HTTPRequest {
    var url: String
    var headers: [String]
    /// `nil`: a GET; otherwise a POST of these bytes.
    var body: [UInt8]?
    var timeoutMilliseconds: Int64
    var connectTimeoutMilliseconds: Int64
    /// Bytes after which an answer is cut off as nonsense.
    var responseLimit: Int
    /// A file of certificates to trust in place of the system's.
    var authorities: String?
    /// Seconds without a byte after which the exchange is given up; `nil`: only the whole time counts.
    var stallSeconds: Int?
}

struct HTTPResponse {
    var status: Int
    var contentType: String
    var body: [UInt8]
}

/// One libcurl easy handle, with its kept-alive connection, for one request at a time.
final class CurlSession: Sendable {
    @safe private struct Handle: ~Copyable, @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer

        init() {
            guard let pointer = unsafe curl_easy_init() else {
                // It fails only when memory is out, where nothing sensible can go on.
                preconditionFailure("curl_easy_init failed")
            }
            unsafe self.pointer = unsafe pointer
        }

        deinit { unsafe curl_easy_cleanup(pointer) }
    }

    private static let globalStatus = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    private let handle: Mutex<Handle>
    private let patience: Patience

    /// A session without a connection yet.
    ///
    /// - Parameter progress: called about every second while a request is under way, on the thread that asked.
    init(progress: @escaping @Sendable () -> Void = {}) {
        precondition(Self.globalStatus == CURLE_OK, "curl_global_init failed: \(Self.globalStatus)")
        handle = Mutex(Handle())
        patience = Patience(progress: progress)
    }

    func perform(_ request: HTTPRequest) throws(LedgerClientError) -> HTTPResponse {
        let result = handle.withLock { handle in
            unsafe Exchange(curl: handle.pointer, request: request, patience: patience).run()
        }
        return try result.get()
    }

    /// Gives up the request under way within about a second, and every later one at once.
    func abandon() { patience.isOver.store(true, ordering: .relaxed) }
}

/// Whether to go on waiting.
private final class Patience: Sendable {
    let isOver = Atomic(false)
    let progress: @Sendable () -> Void

    init(progress: @escaping @Sendable () -> Void) { self.progress = progress }
}

/// Sets a handle up for one request, runs it and reads what came.
@safe private struct Exchange {
    let curl: UnsafeMutableRawPointer
    let request: HTTPRequest
    let patience: Patience

    func run() -> Result<HTTPResponse, LedgerClientError> {
        let body = ResponseBody(limit: request.responseLimit)
        let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        defer {
            // The handle lives on and must not write into what is gone.
            unsafe yika_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, nil)
            unsafe words.deallocate()
        }
        var list: UnsafeMutablePointer<curl_slist>?
        // Without an empty Expect a POST may wait a second for a "100 Continue" that some servers never send.
        for header in request.headers + ["Expect:"] { unsafe list = curl_slist_append(list, header) }
        defer { unsafe curl_slist_free_all(list) }
        unsafe curl_easy_reset(curl)
        unsafe yika_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, words)
        let status = withExtendedLifetime((body, patience)) { () -> CURLcode in
            let prepared = unsafe prepare(headers: list, body: body)
            return prepared == CURLE_OK ? unsafe curl_easy_perform(curl) : prepared
        }
        if body.isTooLong {
            return .failure(
                LedgerClientError(
                    kind: .nonsense, code: "curl-\(status.rawValue)",
                    message: "answer longer than \(request.responseLimit) bytes"))
        }
        guard status == CURLE_OK else {
            return .failure(failure(status, words: unsafe String(cString: words)))
        }
        var type: UnsafeMutablePointer<CChar>?
        unsafe yika_curl_get_text(curl, CURLINFO_CONTENT_TYPE, &type)
        let contentType = unsafe type.map { unsafe String(cString: $0) } ?? ""
        return .success(
            HTTPResponse(status: number(CURLINFO_RESPONSE_CODE), contentType: contentType, body: body.bytes))
    }

    private func prepare(headers: UnsafeMutablePointer<curl_slist>?, body: ResponseBody) -> CURLcode {
        var numbers: [(CURLoption, Int)] = [
            // Timeouts by signal would hit whichever thread is unlucky.
            (CURLOPT_NOSIGNAL, 1),
            (CURLOPT_FOLLOWLOCATION, 0),
            (CURLOPT_SSL_VERIFYPEER, 1),
            (CURLOPT_SSL_VERIFYHOST, 2),
            (CURLOPT_TCP_NODELAY, 1),
            (CURLOPT_TIMEOUT_MS, Int(request.timeoutMilliseconds)),
            (CURLOPT_CONNECTTIMEOUT_MS, Int(request.connectTimeoutMilliseconds)),
        ]
        if let stall = request.stallSeconds {
            numbers += [(CURLOPT_LOW_SPEED_LIMIT, 1), (CURLOPT_LOW_SPEED_TIME, stall)]
        }
        var statuses = numbers.map { unsafe yika_curl_set_number(curl, $0.0, $0.1) }
        // The ledger's address is configuration; a proxy left in the environment must not redirect money.
        var texts: [(CURLoption, String)] = [
            (CURLOPT_URL, request.url), (CURLOPT_PROXY, ""), (CURLOPT_PROTOCOLS_STR, "http,https"),
            (CURLOPT_USERAGENT, "yikad"),
        ]
        if let authorities = request.authorities { texts.append((CURLOPT_CAINFO, authorities)) }
        statuses += texts.map { option, text in unsafe yika_curl_set_pointer(curl, option, text) }
        unsafe statuses.append(yika_curl_set_pointer(curl, CURLOPT_HTTPHEADER, headers))
        let sink = unsafe Unmanaged.passUnretained(body).toOpaque()
        unsafe statuses.append(yika_curl_set_writer(curl, receive, sink))
        let judge = unsafe Unmanaged.passUnretained(patience).toOpaque()
        unsafe statuses.append(yika_curl_set_progress(curl, goOn, judge))
        if let bytes = request.body {
            // The size comes first: it tells how much COPYPOSTFIELDS copies.
            unsafe statuses.append(yika_curl_set_number(curl, CURLOPT_POSTFIELDSIZE, bytes.count))
            unsafe statuses.append(yika_curl_set_pointer(curl, CURLOPT_COPYPOSTFIELDS, bytes))
        }
        return statuses.first { $0 != CURLE_OK } ?? CURLE_OK
    }

    private func failure(_ status: CURLcode, words: String) -> LedgerClientError {
        let general = unsafe curl_easy_strerror(status).map { unsafe String(cString: $0) } ?? ""
        return CurlFailure(
            status: status, words: words.isEmpty ? general : words, url: request.url,
            verifyResult: number(CURLINFO_SSL_VERIFYRESULT), bytesSent: number(CURLINFO_REQUEST_SIZE)
        ).error
    }

    private func number(_ info: CURLINFO) -> Int {
        var value = 0
        unsafe yika_curl_get_number(curl, info, &value)
        return value
    }
}

private final class ResponseBody {
    var bytes: [UInt8] = []
    var isTooLong = false
    let limit: Int

    init(limit: Int) { self.limit = limit }

    func take(_ part: UnsafeRawBufferPointer) -> Int {
        guard bytes.count + part.count <= limit else {
            isTooLong = true
            return 0
        }
        unsafe bytes.append(contentsOf: part)
        return part.count
    }
}

/// libcurl's write callback; anything but the full count makes it give up.
private func receive(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let data = unsafe data, let context = unsafe context else { return 0 }
    let body = unsafe Unmanaged<ResponseBody>.fromOpaque(context).takeUnretainedValue()
    return unsafe body.take(UnsafeRawBufferPointer(start: data, count: size * count))
}

/// libcurl's progress callback, called about every second; anything but 0 makes it give up.
private func goOn(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    guard let context = unsafe context else { return 0 }
    let patience = unsafe Unmanaged<Patience>.fromOpaque(context).takeUnretainedValue()
    patience.progress()
    return patience.isOver.load(ordering: .relaxed) ? 1 : 0
}
