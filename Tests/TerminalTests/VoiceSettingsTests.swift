import Canteen
import DeviceProfiles
import Foundation
import LedgerProtocol
import Platform
import Simulator
import SmartCard
import Synchronization
import Testing
import Voice

@testable import Terminal

@Suite("How a terminal speaks")
struct VoiceSettingsTests {
    private func voice(_ settings: String) throws -> Configuration.Voice {
        try JSONDecoder().decode(
            Configuration.Voice.self,
            from: Data(#"{"device": "default", "languages": ["zh-CN"]\#(settings)}"#.utf8))
    }

    @Test("Where nothing is said, the mixer is left alone, one language is spoken, with tones and amounts")
    func defaults() throws {
        let voice = try voice("")
        #expect(voice.volume(at: 0) == nil)
        let style = voice.style { 0 }
        #expect(style.languages == .first && style.tones && style.volume() == nil)
    }

    @Test(
        "The night's volume holds from its first minute to the one before its end, over midnight too",
        arguments: [
            ("21:30", "06:30", 21 * 60 + 29, 80), ("21:30", "06:30", 21 * 60 + 30, 30), ("21:30", "06:30", 0, 30),
            ("21:30", "06:30", 6 * 60 + 29, 30), ("21:30", "06:30", 6 * 60 + 30, 80),
            ("12:30", "13:30", 12 * 60 + 29, 80),
            ("12:30", "13:30", 13 * 60 + 29, 30), ("12:30", "13:30", 13 * 60 + 30, 80), ("07:00", "07:00", 7 * 60, 80),
        ])
    func night(from: String, to: String, minute: Int, percent: Int) throws {
        let voice = try voice(#", "volume": 80, "night": {"from": "\#(from)", "to": "\#(to)", "volume": 30}"#)
        #expect(voice.volume(at: minute) == percent)
        #expect(voice.style { minute }.volume() == percent)
    }

    @Test(
        "What is no time of day is refused",
        arguments: ["", "24:00", "7:30", "07:60", "07:3", "07-30", "07:30:00", "０7:30"])
    func times(text: String) { #expect(ClockTime(text) == nil) }

    @Test("Amounts are said unless that is turned off; what is left, and prices, only when asked for")
    func says() throws {
        let (paid, balance, price) = (
            Utterance(.paidAmount, amount: Fen(1_250)), Utterance(.balance, amount: Fen(100)),
            Utterance(.pleasePay, amount: Fen(1_250))
        )
        var says = Configuration.Voice.Says()
        #expect(says.allowed(paid) == paid)
        #expect(says.allowed(balance) == nil)
        #expect(says.allowed(price) == nil)
        (says.amounts, says.balances, says.prices) = (false, true, true)
        #expect(says.allowed(paid) == Utterance(.paid))
        #expect(says.allowed(Utterance(.moneyBackAmount, amount: Fen(1))) == Utterance(.moneyBack))
        #expect(says.allowed(Utterance(.shiftClosed, amount: Fen(1), count: 1)) == nil)
        #expect(says.allowed(balance) == balance)
        #expect(says.allowed(price) == price)
        #expect(says.allowed(Utterance(.balanceTooLow)) == Utterance(.balanceTooLow))
    }

    @Test("Every ending at a till that moves money says how much; a balance that is not known is not said")
    func amounts() {
        let receipt = SaleReceipt(amount: Fen(1_250), sequence: 7)
        var told = receipt
        told.balance = Fen(300)
        #expect(Announcement(.paid(receipt)).prompts == [Utterance(.paidAmount, amount: Fen(1_250))])
        #expect(
            Announcement(.paid(told)).prompts
                == [Utterance(.paidAmount, amount: Fen(1_250)), Utterance(.balance, amount: Fen(300))])
        #expect(Announcement(.voided(receipt)).prompts == [Utterance(.moneyBackAmount, amount: Fen(1_250))])
        #expect(Announcement(.refunded(receipt)).prompts == [Utterance(.moneyBackAmount, amount: Fen(1_250))])
        #expect(Announcement(.refused(.cardReplaced)).prompts == [Utterance(.cardReplaced)])
    }
}
