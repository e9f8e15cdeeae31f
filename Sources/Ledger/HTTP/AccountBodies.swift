/// The bodies of requests about accounts; what else is in them is ignored.
enum AccountBody {
    struct Opening: Decodable {
        let holderNumber: String
        let name: String
    }

    struct Money: Decodable {
        let fen: Int64
        let reference: String
    }

    struct Reversal: Decodable {
        let topUpReference: String
        let reference: String
    }

    struct SmallPurse: Decodable {
        let uid: String
        let fen: Int64
        let reference: String
    }

    struct Replacement: Decodable {
        let cardSerial: UInt32
        let reason: ReplacementReason
        let reference: String
    }

    struct Late: Decodable {
        let days: Int
    }

    struct Language: Decodable {
        let language: String?

        private enum CodingKeys: CodingKey { case language }

        /// Null takes the language away, and has to be said: a field that was forgotten does not.
        init(from decoder: any Decoder) throws {
            language = try decoder.container(keyedBy: CodingKeys.self).decode(String?.self, forKey: .language)
        }
    }

    struct NewPin: Decodable {
        let pin: String
    }

    struct PinChange: Decodable {
        let oldPin: String
        let newPin: String
    }

    struct Certificate: Decodable {
        let deviceKey: String
    }

    /// What was asked for is so.
    struct Done: Encodable {
        var done = true
    }

    /// The refusal of a table, in the form of every refusal and with the lines that are wrong.
    struct TableRefusal: Encodable {
        let code = "L-TABLE"
        let message: String
        let problems: [LineProblem]
    }
}
