// swift-tools-version:6.2
import PackageDescription

// One place for what every room is held to: memory safety is spelled out, warnings stop the build, and the
// upcoming language rules are on, so that a room cannot quietly opt out.
let rules: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources)
}

func tests(_ room: String, _ extra: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(name: "\(room)Tests", dependencies: [.byName(name: room)] + extra, exclude: exclude)
}

let package = Package(
    name: "yika",
    products: [
        .executable(name: "yikad", targets: ["yikad"]),
        .executable(name: "yika", targets: ["yika"]),
        .executable(name: "yika-ledger", targets: ["yika-ledger"]),
        .executable(name: "yika-reader-reset", targets: ["yika-reader-reset"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    ],
    targets: [
        .systemLibrary(name: "CPCSC", pkgConfig: "libpcsclite", providers: [.apt(["libpcsclite-dev"])]),
        .systemLibrary(name: "CALSA", pkgConfig: "alsa", providers: [.apt(["libasound2-dev"])]),
        .systemLibrary(name: "CSpeexDSP", pkgConfig: "speexdsp", providers: [.apt(["libspeexdsp-dev"])]),
        .systemLibrary(name: "CEBUR128", pkgConfig: "libebur128", providers: [.apt(["libebur128-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZ", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CUSB", pkgConfig: "libusb-1.0", providers: [.apt(["libusb-1.0-0-dev"])]),
        .systemLibrary(name: "CMicroHTTP", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),

        room("Platform", ["CLinux"]),
        room("DataFiles"),
        room("SmartCard", ["Platform", "CPCSC"]),
        room("DeviceProfiles", ["Platform", "DataFiles"]),
        room("USBReaders", ["Platform", "SmartCard", "DeviceProfiles", "CLinux"]),
        room("USBControl", ["Platform", "DeviceProfiles", "USBReaders", "CUSB", "CLinux"]),
        room("Mifare", ["Platform", "SmartCard", "DeviceProfiles", crypto, cryptoExtras]),
        room("CampusCard", ["Platform", "Mifare", "DeviceProfiles", "SmartCard", "DataFiles", crypto, cryptoExtras]),
        room("Journal", ["Platform", "CLinux", crypto], exclude: ["FORMAT.md"]),
        room("LedgerProtocol", ["Platform", "CZ", crypto]),
        room("Activation", ["Platform", "CampusCard", "Mifare", "SmartCard", "DeviceProfiles", "LedgerProtocol"]),
        room("Canteen", ["Platform", "CampusCard", "Mifare", "SmartCard", "DeviceProfiles", "LedgerProtocol"]),
        room("Scanner", ["Platform", "DataFiles", "CLinux"]),
        room("Recogniser", ["Platform", "CLinux"], exclude: ["PROTOCOL.md"]),
        room(
            "Screen", ["Platform", "CMicroHTTP"],
            resources: [
                "face.html", "cashier.html", "page.css", "face.css", "cashier.css", "page.js", "words.js", "face.js",
                "cashier.js", "pictures.svg",
            ].map { .embedInCode("Page/\($0)") }),
        room("Sync", ["Platform", "Journal", "LedgerProtocol", "CCurl", crypto]),
        room("Voice", ["Platform", "DataFiles", "CALSA", "CSpeexDSP"]),
        room("Health", ["Platform"]),
        room(
            "Terminal",
            [
                "Platform", "DataFiles", "SmartCard", "DeviceProfiles", "Mifare", "CampusCard", "Activation", "Canteen",
                "Scanner", "Recogniser", "Screen", "Journal", "LedgerProtocol", "Sync", "Voice", "Health", "CLinux",
                "USBReaders",
                logging, crypto,
            ]),
        room(
            "Diagnosis",
            [
                "Platform", "DataFiles", "SmartCard", "DeviceProfiles", "USBReaders", "Mifare", "CampusCard",
                "Activation",
                "Simulator", "Scanner", "Journal", "LedgerProtocol", "Sync", "Voice", "Health", "Terminal", "CLinux",
            ]),
        room(
            "Ledger",
            [
                "Platform", "Journal", "LedgerProtocol", "CPQ", crypto, cryptoExtras, logging,
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            resources: [.embedInCode("openapi.json")]),
        room("Simulator", ["Platform", "SmartCard", "DeviceProfiles", "Mifare", "Journal", "CLinux"]),

        .executableTarget(name: "yikad", dependencies: ["Terminal", "DataFiles", "Platform", logging]),
        .executableTarget(
            name: "yika",
            dependencies: [
                "Activation", "Simulator", "CampusCard", "DataFiles", "DeviceProfiles", "Diagnosis", "Health",
                "Journal",
                "LedgerProtocol", "Mifare", "Platform", "SmartCard", "Sync", "Terminal", "USBReaders", "Voice",
                "CEBUR128", "CLinux", arguments, crypto,
            ]),
        // The one program that may touch USB: it resets readers when asked, and can do nothing else.
        .executableTarget(
            name: "yika-reader-reset", dependencies: ["USBControl", "USBReaders", "DeviceProfiles", "Platform"]),
        .executableTarget(
            name: "yika-ledger",
            dependencies: ["Ledger", "LedgerProtocol", "Platform", "CQREncode", arguments, crypto]),

        // What the programs behind `tools/bench` share.
        .target(name: "Measuring", dependencies: ["CLinux"], path: "tools/measuring"),

        // Behind `tools/bench journal`: it belongs to no package that is shipped, so it is no product either.
        .executableTarget(
            name: "measure-journal",
            dependencies: [
                "Journal", "Platform", "CLinux", "Measuring", arguments,
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            path: "tools/measure-journal"),

        // What those of them share that tap cards.
        .target(name: "CBareTap", dependencies: ["CPCSC"], path: "tools/measuring-cards/bare"),
        .target(
            name: "MeasuringCards",
            dependencies: [
                "Activation", "CampusCard", "DeviceProfiles", "LedgerProtocol", "Mifare", "Platform", "Simulator",
                "SmartCard", "CBareTap", "Measuring", arguments,
            ],
            path: "tools/measuring-cards", exclude: ["bare"]),

        // Behind `tools/bench card`, shipped as little.
        .executableTarget(
            name: "measure-card",
            dependencies: [
                "Activation", "CampusCard", "DeviceProfiles", "LedgerProtocol", "Mifare", "Platform", "Simulator",
                "SmartCard", "Measuring", "MeasuringCards", arguments,
            ],
            path: "tools/measure-card"),

        // Behind `tools/bench purchase`, shipped as little.
        .executableTarget(
            name: "measure-purchase",
            dependencies: [
                "Canteen", "DeviceProfiles", "Health", "Journal", "LedgerProtocol", "Platform", "Simulator",
                "SmartCard", "Sync", "Terminal", "Measuring", "MeasuringCards", arguments, crypto,
            ],
            path: "tools/measure-purchase"),

        // Behind `tools/bench voice`, shipped as little.
        .executableTarget(
            name: "measure-voice", dependencies: ["Platform", "Voice", "Measuring", arguments],
            path: "tools/measure-voice"),

        // Behind `tools/bench sync`, shipped as little.
        .executableTarget(
            name: "measure-sync",
            dependencies: [
                "Journal", "Ledger", "LedgerProtocol", "Platform", "Sync", "Measuring", arguments, crypto, logging,
                "CLinux", "CPQ",
            ],
            path: "tools/measure-sync"),

        tests("Platform"),
        .target(
            name: "TestSupport", dependencies: ["CampusCard", "Mifare", "Platform", "Simulator"],
            path: "Tests/TestSupport"),
        tests("SmartCard", ["Simulator", "DeviceProfiles", "Mifare", "Platform", "TestSupport"]),
        tests(
            "DeviceProfiles", ["Platform", "DataFiles", "Mifare", "SmartCard", "Simulator", "TestSupport", "yika"]),
        tests(
            "USBReaders",
            ["DeviceProfiles", "Platform", "SmartCard", "TestSupport", "usb-driver", "yika-reader-reset"],
            exclude: ["Fixtures"]),
        // What looks at devices that do not exist: umockdev shows them to whole programs only.
        .executableTarget(
            name: "usb-driver", dependencies: ["Platform", "USBControl", "USBReaders"], path: "Tests/USBDriver"),
        tests("Mifare", ["DeviceProfiles", "SmartCard", "Simulator", "Platform", crypto, cryptoExtras]),
        tests(
            "CampusCard",
            ["DataFiles", "DeviceProfiles", "Mifare", "SmartCard", "Simulator", "Platform", "TestSupport"]),
        tests(
            "Activation",
            [
                "CampusCard", "DeviceProfiles", "Mifare", "SmartCard", "Simulator", "Journal", "LedgerProtocol",
                "Platform", "TestSupport",
            ]),
        tests(
            "Journal",
            ["JournalFuzzing", "LedgerProtocol", "Simulator", "Platform", "TestSupport", "yika", crypto],
            exclude: ["Fixtures"]),
        .target(
            name: "JournalFuzzing", dependencies: ["Journal", "Simulator", "Platform"], path: "Tests/JournalFuzzing"),
        tests(
            "Canteen",
            [
                "CampusCard", "DeviceProfiles", "Mifare", "SmartCard", "Simulator", "LedgerProtocol", "Platform",
                "TestSupport", crypto,
            ]),
        tests("Scanner", ["DataFiles", "Platform", "Simulator", "TestSupport"]),
        tests("Recogniser", ["Platform", "TestSupport"]),
        tests("Screen", ["Platform", "TestSupport", "screen-driver"]),
        // A screen without a terminal, for `tools/screen-test`: states come in, keys go out.
        .executableTarget(name: "screen-driver", dependencies: ["Platform", "Screen"], path: "Tests/ScreenDriver"),
        tests("LedgerProtocol", ["Journal", "Platform", "Simulator", crypto]),
        tests("Sync", ["Journal", "LedgerProtocol", "Simulator", "Platform", "Ledger"]),
        tests("Voice", ["Platform", "DataFiles", "VoiceFuzzing", "yika"], exclude: ["Fixtures"]),
        .target(name: "VoiceFuzzing", dependencies: ["DataFiles", "Platform", "Voice"], path: "Tests/VoiceFuzzing"),
        tests("Health", ["Platform", "Simulator"]),
        tests(
            "Diagnosis",
            [
                "CampusCard", "DeviceProfiles", "Health", "Journal", "LedgerProtocol", "Mifare", "Platform",
                "Simulator",
                "SmartCard", "Sync", "Terminal", "TestSupport", "USBReaders", "Voice",
            ]),
        tests(
            "Ledger",
            [
                "Journal", "LedgerProtocol", "Platform", "TestSupport", "yika-ledger", crypto, logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            exclude: ["Fixtures"]),
        tests(
            "Simulator", ["CardFuzzing", "DeviceProfiles", "SmartCard", "Mifare", "Platform", "TestSupport"],
            exclude: ["Fixtures/card-corpus"]),
        .target(
            name: "CardFuzzing",
            dependencies: [
                "Activation", "CampusCard", "DataFiles", "DeviceProfiles", "LedgerProtocol", "Mifare", "Platform",
                "Simulator", "SmartCard", "TestSupport",
            ],
            path: "Tests/CardFuzzing"),
        // Whole programs as processes, so the programs are built first.
        tests(
            "Terminal",
            [
                "Activation", "CampusCard", "Canteen", "DataFiles", "DeviceProfiles", "Health", "Journal",
                "LedgerProtocol", "Mifare", "Platform", "Screen", "Simulator", "SmartCard", "Sync", "TestSupport",
                "USBReaders", "Voice", "yikad", "yika", "yika-ledger", crypto, logging,
            ]),
        // What the technician's tool prints, word for word, in both languages.
        .testTarget(
            name: "YikaToolTests",
            dependencies: ["Journal", "LedgerProtocol", "Platform", "Simulator", "TestSupport", "yika"],
            exclude: ["Fixtures", "Golden"]),
        // Journals, uploaders, network and ledger in one process, driven from one seed.
        .testTarget(
            name: "FleetSimulationTests",
            dependencies: [
                "Journal", "Ledger", "LedgerProtocol", "Platform", "Simulator", "Sync", "TestSupport", crypto, logging,
            ]),
        // Several instances on real databases, and real programs that are killed.
        .executableTarget(
            name: "sync-driver",
            dependencies: ["Journal", "LedgerProtocol", "Platform", "Simulator", "Sync"], path: "Tests/SyncDriver"),
        .testTarget(
            name: "LedgerFaultTests",
            dependencies: [
                "Journal", "Ledger", "LedgerProtocol", "Platform", "Simulator", "Sync", "TestSupport", "sync-driver",
                "yika-ledger", crypto, logging,
            ]),
        // Kiosks, cards, journals, network and ledger in one process, driven from one seed.
        .testTarget(
            name: "CampusSimulationTests",
            dependencies: [
                "Activation", "CampusCard", "Canteen", "DeviceProfiles", "Health", "Journal", "Ledger",
                "LedgerProtocol", "Mifare", "Platform", "Recogniser", "Scanner", "Simulator", "SmartCard", "Sync",
                "Terminal", "TestSupport",
                crypto, logging,
            ]),
    ]
)

// tools/fuzz alone builds this, and says where the toolchain keeps libFuzzer: every room is instrumented for it.
if let runtime = Context.environment["YIKA_FUZZ"] {
    let instrumented: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])]
    package.products.append(.executable(name: "fuzzer", targets: ["Fuzzer"]))
    package.targets.append(
        .executableTarget(
            name: "Fuzzer", dependencies: ["CardFuzzing", "JournalFuzzing", "VoiceFuzzing"], path: "Tests/Fuzzer",
            linkerSettings: [
                .unsafeFlags(
                    ["-L\(runtime)", "-lclang_rt.fuzzer_no_main-x86_64", "-lstdc++"], .when(platforms: [.linux]))
            ]))
    for target in package.targets where target.type != .system {
        target.swiftSettings = (target.swiftSettings ?? []) + instrumented
    }
}

for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + rules
}

// The sweeps open a journal, lay down a card and look up a tag a million times; without the optimizer that takes hours.
for target in package.targets
where [
    "Platform", "Journal", "Simulator", "JournalTests", "DeviceProfiles", "Mifare", "CampusCard", "Activation",
    "ActivationTests", "Canteen", "CanteenTests", "TestSupport", "LedgerProtocol", "LedgerProtocolTests",
    "USBControl", "USBReaders", "USBReadersTests",
]
.contains(target.name) {
    target.swiftSettings?.append(.unsafeFlags(["-O"], .when(configuration: .debug)))
}
