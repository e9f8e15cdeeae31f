import Activation
import Journal
import Mifare
import Simulator
import Sync

// After the storm: everything heals, and everybody who may gets an active card.
extension Campus {
    /// Undisturbed taps within which a card must be finished.
    private static let tapsAllowed = 3

    func calm() {
        isStormy = false
        latecomers = []
        house.isUp = true
        note("calm")
        for kiosk in kiosks {
            kiosk.link.isDown = false
            kiosk.restart()
            kiosk.clock.isWrong = false
        }
        drain()
        for card in cards { finish(card) }
        drain()
    }

    /// Lets every uploader work until the ledger has all.
    private func drain() {
        for _ in 0..<40 {
            for kiosk in kiosks { kiosk.upload() }
            if kiosks.allSatisfy({ $0.running?.journal.map { $0.cursor.acknowledged == $0.lastSequence } ?? false }) {
                return
            }
            // The longest wait of the uploader's backoff.
            time.advance(milliseconds: 60_000)
        }
        violate("uploaders do not come to an end")
    }

    private func finish(_ card: HeldCard) {
        var endings: [ActivationEnding?] = []
        for _ in 0..<Self.tapsAllowed {
            let ending = tap(card, at: kiosks[random.number(0...kiosks.count - 1)])
            endings.append(ending)
            drain()
            if let ending, isRight(ending, for: card) { return }
        }
        violate("\(card.uid.masked) of \(card.holder?.number ?? "nobody") ends as \(endings)")
    }

    private func isRight(_ ending: ActivationEnding, for card: HeldCard) -> Bool {
        guard let holder = card.holder else { return ending == .refused(.unknownCard) }
        if !holder.hasAccount { return ending == .refused(.noAccount) }
        if holder.isLost { return ending == .refused(.reportedLost) }
        switch ending {
        case .activated, .alreadyActive: return true
        case .refused(.activeElsewhere): return holder.cards.count > 1
        // Only the chip's own weakness is an excuse: every sector that was free is torn.
        case .chipDefective: return card.tornSectors.count == card.free.count
        default: return false
        }
    }
}
