import Platform

/// What a check of profiles says, in English; `%1` to `%4` are the finding's details.
enum ProfileTexts {
    struct Text {
        let what: String
        let next: String

        init(_ what: String, next: String) {
            self.what = what
            self.next = next
        }
    }

    static func fill(_ text: String, _ details: [String]) -> String {
        var text = text
        for (index, detail) in details.enumerated() {
            text = text.split(separator: "%\(index + 1)", omittingEmptySubsequences: false).joined(separator: detail)
        }
        return text
    }

    static func of(_ language: Language) -> [ProfileFinding.Code: Text] { language == .chinese ? chinese : english }

    static let english: [ProfileFinding.Code: Text] = file.merging(together) { $1 }.merging(drivers) { $1 }

    private static let file: [ProfileFinding.Code: Text] = [
        .notLoaded: Text(
            "expected %1; the profile is not used",
            next: "correct the value; README.md beside it says what may be there"),
        .commandShape: Text(
            "'%1' is no short APDU: its fifth byte is neither the number of bytes that follow, nor the last one",
            next: "make the fifth byte the length of the data (Lc), or write {rest} there"),
        .commandTooLong: Text(
            "%1 bytes are sent, and a short APDU has at most 261", next: "lower `most`, or correct the command"),
        .exceedsMessage: Text(
            "%1 bytes are sent or answered, and limits.message leaves %2 after CCID's header",
            next: "lower `most`, or correct limits.message"),
        .lengthIsNoByte: Text(
            "at %1 blocks {length} or {rest} does not fit a byte", next: "lower `most` to 15 or less"),
        .ambiguousCommand: Text(
            "'%1' is understood as %2 too: the simulator cannot tell them apart",
            next: "correct the one of the two that is not the manual's"),
        .okIsAlsoFailure: Text(
            "%1 means ok too, in %2: a failure would be taken for success", next: "take the word out of one of the two"),
        .failureLikeSuccess: Text(
            "%1, in %2, begins like success (90 and 61 are ISO 7816-4's)",
            next: "look the word up in the manual, and take it out or put it under ok"),
        .oneSlot: Text(
            "there is one slot only: each change of keys costs a LOAD KEY",
            next: "name more slots if the reader has them; if not, say so in quirks"),
        .oneSlotTold: Text(
            "there is one slot only, as the profile tells", next: "nothing, unless the manual knows more slots"),
        .nonVolatile: Text(
            "keys stay in the reader without power: who steals it has them, and each loading wears its memory",
            next: "use the reader's volatile slots (P1 00 in PC/SC part 3); if it has none, say so in quirks"),
        .nonVolatileTold: Text(
            "keys stay in the reader without power, as the profile tells",
            next: "keep such readers where nobody can take them"),
        .slotOnlyInLoadKey: Text(
            "loadKey chooses a slot and authenticate does not, and keySlots does not tell which one it uses",
            next: "put {slot} into authenticate, or split keySlots into one slot for A and one for B"),
        .slotOnlyInAuthenticate: Text(
            "authenticate chooses a slot and loadKey does not, nor does the key's type choose it",
            next: "put {slot} into loadKey"),
        .slotsWithoutPlace: Text(
            "keySlots names several slots and no command has {slot}: they would be one place",
            next: "put {slot} into both commands, or name one slot"),
        .plainCounterfeit: Text(
            "%1 asks for nothing but the numbers: every reader with them would be refused",
            next: "add what tells the copy: bcdDevice, manufacturer or product"),
        .readerIsOtherSlot: Text(
            "'%1' is within the profile's own name '%2': the reader itself would be left alone",
            next: "make the part of the slot's name longer"),
        .verifiedNotSupported: Text(
            "verified, and support says should-work: by documents, nobody has tried",
            next: "make support \"supported\", or verified false"),
        .supportedNotVerified: Text(
            "supported means used and tested, and verified is false",
            next: "make support \"should-work\" until somebody has tried it"),
        .emptyText: Text("the text is empty", next: "write it, or take it out"),
        .toBeFilledIn: Text("still to be filled in", next: "replace it by what the manual or the device says"),
        .noLatency: Text(
            "no reader but vpcd answers in no time: the simulator would promise too much",
            next: "measure one command, or take 20 and say that it is a guess"),
        .silentAboutRefusals: Text(
            "that the reader selects a card again by itself after a refusal is rare, and nothing says who saw it",
            next: "say in evidence who did, or use \"reconnect\", which always works"),
        .setupWrites: Text(
            "'%1' is sent on attaching and writes to a card or loads a key",
            next: "take it out: setup is for the reader alone"),
    ]

    private static let together: [ProfileFinding.Code: Text] = [
        .sameDevice: Text(
            "%1 is claimed by %2 too, with as many particulars: which of them wins is chance",
            next: "add to one of them what tells the devices apart: bcdDevice, interface, manufacturer or product"),
        .sameName: Text(
            "'%1' is claimed by %2 too: which of them wins is chance", next: "make one of the names longer"),
        .nameWithinName: Text(
            "'%1' is within '%2' of %3, which wins for names that hold both", next: "nothing, if that is what is meant"),
        .secondFallback: Text(
            "%1 is the fallback already: which of them wins is chance", next: "take fallback out of one of them"),
        .noFallback: Text(
            "no profile is the fallback: a reader that none of them knows is not used",
            next: "put generic-pcsc.json5 back, or set fallback in another one"),
    ]

    private static let drivers: [ProfileFinding.Code: Text] = [
        .driverListUnreadable: Text("expected %1", next: "name a driver's Info.plist, or install its package again"),
        .unknownToDrivers: Text(
            "%1 is in the list of no driver that the profile names (%2): pcscd would not see the reader",
            next:
                "correct the numbers, name the driver that serves it, say with `since` which version does, or make support \"unsupported\""
        ),
        .driverTooOld: Text("%1 needs %2 %3 or later, installed is %4", next: "install a newer %2"),
        .driverNotInstalled: Text(
            "%1 is not installed: whether it serves %2 could not be looked up",
            next: "install the package %3, or give its Info.plist with --drivers"),
        .driverNotChecked: Text(
            "%1 is served by the maker's own driver: that could not be looked up",
            next: "give the driver's Info.plist with --drivers"),
        .nameNotDrivers: Text(
            "%1 is called '%2' by %3, and none of the profile's names is within that",
            next: "add a part of that name to match.names"),
        .driverNameIsOtherSlot: Text(
            "'%1' is within '%2', as %3 calls the reader: it would be left alone",
            next: "make the part of the slot's name longer"),
        .escapeOff: Text(
            "some commands are sent as escape, and %1 refuses those as it is set (ifdDriverOptions in %2): they will have no effect",
            next: "set bit 0x0001 of ifdDriverOptions in %2, then restart pcscd"),
    ]
}
