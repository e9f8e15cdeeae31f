import Foundation
import LedgerProtocol
import Testing

@Suite("The language in the ledger's answers")
struct AnswerLanguageTests {
    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test("is there when it is known, and nothing stands in its place when it is not")
    func written() throws {
        try #expect(
            json(PermitAnswer(decision: .reportedLost, language: "zh-CN"))
                == #"{"decision":"reported-lost","language":"zh-CN"}"#)
        try #expect(
            json(SaleAnswer(decision: .insufficient, balanceFen: 3, language: "en"))
                == #"{"balanceFen":3,"decision":"insufficient","language":"en"}"#)
        try #expect(json(PermitAnswer(decision: .noAccount)) == #"{"decision":"no-account"}"#)
        try #expect(json(SaleAnswer(decision: .closed)) == #"{"decision":"closed"}"#)
    }

    @Test("is missed by nobody: an older ledger's answer has none, and an older terminal passes over it")
    func olderOnes() throws {
        let decoder = JSONDecoder()
        try #expect(
            decoder.decode(PermitAnswer.self, from: Data(#"{"decision":"granted","account":7,"cardSerial":2}"#.utf8))
                == PermitAnswer(decision: .granted, account: 7, cardSerial: 2))
        try #expect(
            decoder.decode(SaleAnswer.self, from: Data(#"{"decision":"approved","balanceFen":3}"#.utf8))
                == SaleAnswer(decision: .approved, balanceFen: 3))
        let permit = PermitAnswer(decision: .granted, account: 7, cardSerial: 2, balance: 5, language: "en")
        let sale = SaleAnswer(decision: .approved, balanceFen: 3, subsidyFen: 1, language: "en")
        let old = (
            try decoder.decode(OldPermitAnswer.self, from: JSONEncoder().encode(permit)),
            try decoder.decode(OldSaleAnswer.self, from: JSONEncoder().encode(sale))
        )
        #expect(old.0 == OldPermitAnswer(decision: .granted, account: 7, cardSerial: 2, balance: 5))
        #expect(old.1 == OldSaleAnswer(decision: .approved, balanceFen: 3, subsidyFen: 1))
        try #expect(decoder.decode(PermitAnswer.self, from: JSONEncoder().encode(permit)) == permit)
        try #expect(decoder.decode(SaleAnswer.self, from: JSONEncoder().encode(sale)) == sale)
    }
}

/// The answer to a permission as terminals read it before there was a language in it.
private struct OldPermitAnswer: Decodable, Equatable {
    var decision: PermitAnswer.Decision
    var account: UInt64?
    var cardSerial: UInt32?
    var balance: Int64?
}

/// The advice on a sale as terminals read it before there was a language in it.
private struct OldSaleAnswer: Decodable, Equatable {
    var decision: SaleAnswer.Decision
    var balanceFen: Int64?
    var subsidyFen: Int64?
    var spentTodayFen: Int64?
    var spentMealFen: Int64?
    var pinAccepted: Bool?
    var pinLockedUntilMilliseconds: Int64?
    var isSequenceUsed: Bool?
}
