import Testing
import USBReaders

@Suite("A USB port's path")
struct PortPathTests {
    @Test(
        "What the kernel writes is read and written again",
        arguments: ["1-1", "1-1.3.2", "2-10.4", "255-255.1.1.1.1.1", "usb1", "usb12"])
    func readAndWritten(_ text: String) throws {
        #expect("\(try #require(PortPath(text)))" == text)
    }

    @Test(
        "What is no port is refused, above all what leads out of a folder",
        arguments: [
            "", "1", "1-", "-1", "1-0", "0-1", "01-1", "1-01", "1-1.", "1-.1", "1-1..2", "1-256", "256-1", "1-+1",
            "1-1 ",
            "1-1\n", "../1-1", "1-1/..", "1-1:1.0", "1-1.1.1.1.1.1.1", "usb", "usb0", "usb256", "USB1", "1-１", "..",
            ".",
        ])
    func refused(_ text: String) {
        #expect(PortPath(text) == nil)
    }

    @Test("Ports are in the order in which people count, and each knows its hub")
    func order() throws {
        let texts = ["1-10", "usb1", "2-1", "1-2.1", "1-2"]
        #expect(texts.compactMap { PortPath($0) }.sorted().map { "\($0)" } == ["usb1", "1-2", "1-2.1", "1-10", "2-1"])
        let port = try #require(PortPath("1-2.1"))
        #expect(port.hub == PortPath("1-2"))
        #expect(port.port == 1)
        #expect(port.hub?.hub == PortPath("usb1"))
        #expect(port.hub?.hub?.hub == nil)
    }
}
