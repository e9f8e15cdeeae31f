import Health
import Platform
import Scanner
import Terminal
import Voice

// Sound and scanner.

extension Check {
    static let sound = Check("sound", Text("声音", "sound")) { examination in
        guard let setup = try? examination.setup.get() else { return [.waiting("sound")] }
        let device = setup.voice.device
        guard examination.daemon == nil else {
            // Two programs cannot have most cards; the daemon's own conditions tell.
            return [Finding("sound", .well, Text("\(device) 由 yikad 使用", "\(device) is yikad's"))]
        }
        guard let error = examination.box.sound(device) else { return [Finding("sound", .well, Text(plain: device))] }
        return [Finding("sound", .trouble(.soundMissing), Text(plain: "\(error)"))]
    }

    static let scanner = Check("scanner", Text("扫码器", "the scanner of payment codes")) { examination in
        guard let configuration = examination.configuration else { return [.waiting("scanner")] }
        guard configuration.role == .canteen, let wanted = configuration.canteen.scanner else {
            return [Finding("scanner", .skipped, Text("未配置", "none is configured"))]
        }
        let library = ScannerLibrary.load(directory: configuration.profiles + "/scanners")
        var findings = library.errors.map { error in
            Finding("scanner", .trouble(.scannerProfileInvalid), Text(plain: "\(error)"))
        }
        let profiles = library.profiles.filter { profile in wanted.profile.map { $0 == profile.id } ?? true }
        let places = ScannerPlaces(sys: examination.box.root + "/sys", dev: examination.box.root + "/dev")
        let attached = wanted.path ?? ScannerFinder(places: places).attached(profiles).first?.path
        guard let attached else {
            findings.append(Finding("scanner", .trouble(.scannerMissing), Text("", "")))
            return findings
        }
        return findings.isEmpty ? [Finding("scanner", .well, Text(plain: attached))] : findings
    }
}
