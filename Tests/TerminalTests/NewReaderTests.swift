import TestSupport
import Testing

extension RealPrograms {
    @Suite("A reader that nobody knew when the programs were built")
    struct NewReader {
        @Test("is spoken to in its own dialect once its profile lies in the folder")
        func droppedIn() throws {
            let kiosk = try Kiosk(newReader: ("made-up", Self.profile))
            try kiosk.open()
            try kiosk.events.ensure("the profile's choice") { event in
                event.event == "reader" && event.detail?.contains("profile made-up") == true
            }
            let ended = try kiosk.tap(try kiosk.card(of: kiosk.people[0]))
            #expect(ended.code == "YK-A00")
            // Keys by type, the key in the command, a whole sector at once: fewer commands than any shipped reader needs.
            #expect((ended.apdus ?? 99) < 26, "the reader's own commands were not used")
            print("a card on a made-up reader: \(ended.apdus ?? 0) APDUs")
        }

        /// Unlike any reader there is: its own class and instruction bytes, its own status words, keys by type.
        private static let profile = """
            {
                id: "made-up",
                title: "Made-up reader",
                evidence: ["this test"],
                verified: false,
                support: "should-work",
                drivers: [{ name: "vpcd" }],
                match: { names: ["Virtual PCD 00"] },
                commands: {
                    uid: "B0 01 00 00 0A",
                    loadKey: "B0 10 {slot} 00 06 {key}",
                    authenticate: "B0 20 {block} {slot}",
                    read: "B0 30 {block} 00 10",
                    write: "B0 40 {block} 00 10 {data}",
                    readBlocks: { send: "B0 31 {block} 00 {length}", most: 3 },
                    writeBlocks: { send: "B0 41 {block} {length} {rest} {blocks}", most: 3 },
                    readWithKey: { send: "B0 32 {block} {keyType} 07 {key} {length}", most: 3 },
                },
                keySlots: { A: [0x0A, 0x1A], B: [0x0B, 0x1B] },
                keyMemory: "volatile",
                statusWords: {
                    ok: ["9100"],
                    authenticationFailed: ["61AE"],
                    notAuthenticated: ["6501"],
                    notPermitted: ["6502"],
                    noAnswer: ["6503"],
                    badParameter: ["6504"],
                    unsupported: ["6505"],
                },
                afterAuthFailure: "reconnect",
                latencyMilliseconds: 5,
            }
            """
    }
}
