import CQREncode

/// A QR code (ISO/IEC 18004) for a terminal's screen, as libqrencode makes it.
struct QRSymbol {
    /// Modules a side.
    let width: Int
    private let modules: [Bool]

    /// White around the symbol, in modules, as the standard demands.
    private static let quietZone = 4

    /// The symbol that holds `text`, of the smallest size at the lowest level of correction, which is enough for a screen;
    /// `nil` when none is large enough.
    init?(_ text: String) {
        // The hint lets capitals and digits go into the alphanumeric mode, and anything else into bytes.
        let made = unsafe QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1)
        guard let symbol = unsafe made else { return nil }
        defer { unsafe QRcode_free(symbol) }
        let width = unsafe Int(symbol.pointee.width)
        guard let data = unsafe symbol.pointee.data else { return nil }
        self.width = width
        // libqrencode: width × width bytes, row by row; the lowest bit of each is set where a module is dark.
        modules = (0..<width * width).map { unsafe data[$0] & 1 == 1 }
    }

    private func isDark(_ row: Int, _ column: Int) -> Bool {
        (0..<width).contains(row) && (0..<width).contains(column) && modules[row * width + column]
    }

    /// Two rows of modules a line. What is light is printed and what is dark left out, as on the dark ground that most
    /// terminals have; scanners take either.
    var halfBlocks: String {
        let range = -Self.quietZone..<width + Self.quietZone
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            String(
                range.map { column -> Character in
                    switch (isDark(row, column), isDark(row + 1, column)) {
                    case (false, false): "█"
                    case (false, true): "▀"
                    case (true, false): "▄"
                    case (true, true): " "
                    }
                })
        }.joined(separator: "\n")
    }
}
