import CLinux
import Glibc
import Platform

/// A scanner's serial line.
enum SerialLine {
    /// The speeds that can be set, by their baud.
    static let speeds: [Int: speed_t] = [
        1200: speed_t(B1200), 2400: speed_t(B2400), 4800: speed_t(B4800), 9600: speed_t(B9600),
        19_200: speed_t(B19200), 38_400: speed_t(B38400), 57_600: speed_t(B57600), 115_200: speed_t(B115200),
        230_400: speed_t(B230400), 460_800: speed_t(B460800), 921_600: speed_t(B921600),
    ]

    /// Opens the line at `path`: 8 bits, no parity, no hand-shake, nothing that the system would add or change.
    ///
    /// - Throws: the call that failed; busy when somebody else has it, as a modem manager that probes new lines.
    static func open(_ path: String, baud: Int) throws(ScannerError) -> Descriptor {
        // Without waiting for a carrier, and without making it this process's terminal.
        let number = unsafe yika_open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0)
        guard number >= 0 else { throw ScannerError(call: "open") }
        let line = Descriptor(adopting: number)
        guard yika_terminal_exclusive(line.number) == 0 else { throw ScannerError(call: "TIOCEXCL") }
        var settings = termios()
        guard unsafe tcgetattr(line.number, &settings) == 0 else { throw ScannerError(call: "tcgetattr") }
        unsafe cfmakeraw(&settings)
        settings.c_cflag |= tcflag_t(CLOCAL | CREAD)
        settings.c_cflag &= ~tcflag_t(CSTOPB)
        settings.c_iflag &= ~tcflag_t(IXOFF | IXANY)
        let speed = speeds[baud] ?? speed_t(B9600)
        guard unsafe cfsetspeed(&settings, speed) == 0, unsafe tcsetattr(line.number, TCSANOW, &settings) == 0 else {
            throw ScannerError(call: "tcsetattr")
        }
        // What was scanned while nobody listened is over.
        tcflush(line.number, TCIFLUSH)
        return line
    }
}

/// A scanner that plays a keyboard.
enum KeyboardLine {
    /// Opens the input device at `path` and takes it away from the console and everybody else.
    ///
    /// - Throws: the call that failed; busy when somebody else has taken it.
    static func open(_ path: String) throws(ScannerError) -> Descriptor {
        let number = unsafe yika_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
        guard number >= 0 else { throw ScannerError(call: "open") }
        let device = Descriptor(adopting: number)
        guard yika_input_grab(device.number) == 0 else { throw ScannerError(call: "EVIOCGRAB") }
        // What was typed up to here the console has read as well.
        var bytes = [UInt8](repeating: 0, count: 64 * KeyEvents.size)
        while unsafe read(device.number, &bytes, bytes.count) > 0 {}
        return device
    }
}
