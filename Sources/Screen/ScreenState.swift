/// All that the screen shows, at one moment. It goes to the page as JSON; the page has no state of its own.
public struct ScreenState: Codable, Hashable, Sendable {
    /// A text in both languages.
    public struct Text: Codable, Hashable, Sendable {
        /// In Chinese.
        public var zh: String
        /// In English.
        public var en: String

        /// A text.
        public init(zh: String, en: String) {
            self.zh = zh
            self.en = en
        }
    }

    /// What the terminal is for.
    public enum Role: String, Codable, Sendable, CaseIterable {
        /// It makes old cards the campus's own.
        case activation
        /// It sells meals.
        case canteen
    }

    /// Where the terminal stands.
    public enum Phase: String, Codable, Sendable, CaseIterable {
        /// Nothing is asked for: waits for an amount, or in the activation role for a card.
        case idle
        /// An amount is being entered.
        case amount
        /// An amount stands; the holder is to show card, code or face.
        case present
        /// A card lies on the reader and is worked on: it must stay there.
        case working
        /// The holder is to enter the six digits.
        case pin
        /// It is done: paid, taken back, activated.
        case done
        /// It was refused; nothing has changed.
        case refused
        /// The card left too early: the same card is to be shown once more.
        case again
        /// Nobody has opened a shift.
        case closed
        /// The terminal cannot serve.
        case outOfService = "out-of-service"
    }

    /// What a holder can pay with, or be known by.
    public enum Means: String, Codable, Sendable, CaseIterable {
        /// The campus card.
        case card
        /// A payment code, where there is a scanner.
        case code
        /// A face, where there is a recogniser.
        case face
    }

    /// How the last thing ended.
    public struct Result: Codable, Hashable, Sendable {
        /// The code that people cite, for example `YK-B00`.
        public var code: String
        /// What happened.
        public var title: Text
        /// The one thing to do next.
        public var nextStep: Text
        /// What was paid or given back, in fen.
        public var amountFen: Int64?
        /// The balance afterwards, in fen, where the ledger told it.
        public var balanceFen: Int64?
        /// What the card may still spend without a network, in fen, where no balance is known.
        public var allowanceFen: Int64?
        /// How much of it a subsidy paid, in fen.
        public var subsidyFen: Int64?

        /// A result.
        public init(
            code: String, title: Text, nextStep: Text, amountFen: Int64? = nil, balanceFen: Int64? = nil,
            allowanceFen: Int64? = nil, subsidyFen: Int64? = nil
        ) {
            self.code = code
            self.title = title
            self.nextStep = nextStep
            self.amountFen = amountFen
            self.balanceFen = balanceFen
            self.allowanceFen = allowanceFen
            self.subsidyFen = subsidyFen
        }
    }

    /// Something that can be sold by one key.
    public struct Dish: Codable, Hashable, Sendable {
        /// Its number on the keypad, 1 to 99.
        public var number: Int
        /// Its name.
        public var name: Text
        /// Its price in fen.
        public var priceFen: Int64

        /// A dish.
        public init(number: Int, name: Text, priceFen: Int64) {
            self.number = number
            self.name = name
            self.priceFen = priceFen
        }
    }

    /// A fault of the terminal that holds now.
    public struct Condition: Codable, Hashable, Sendable {
        /// The code that people cite.
        public var code: String
        /// `out-of-service` or `degraded`.
        public var severity: String
        /// What is the matter.
        public var title: Text
        /// The one thing to do next.
        public var nextStep: Text

        /// A condition.
        public init(code: String, severity: String, title: Text, nextStep: Text) {
            self.code = code
            self.severity = severity
            self.title = title
            self.nextStep = nextStep
        }
    }

    /// What the terminal is for.
    public var role: Role
    /// The terminal's number.
    public var terminal: UInt16
    /// The terminal's name.
    public var name: String
    /// Where it stands.
    public var phase: Phase
    /// Whether all this is practice: nothing is sold.
    public var isTraining = false
    /// Who opened the shift; `nil`: nobody.
    public var operatorNumber: UInt16?
    /// The amount entered or asked for, in fen; below zero never.
    public var amountFen: Int64?
    /// What was typed so far, for example `8+3.5`: the cashier sees how the amount came about.
    public var entry: String?
    /// What the holder may show, in the phase `present`.
    public var means: [Means] = [.card]
    /// What is being done where it is no sale: `void`, `refund`, `shift`, as a text for people.
    public var task: Text?
    /// The meal that sells now.
    public var meal: Text?
    /// What one key sells.
    public var dishes: [Dish] = []
    /// How many of the six digits were entered, in the phase `pin`.
    public var pinDigits: Int?
    /// How the last thing ended.
    public var result: Result?
    /// How far the handshake is, 0 to 100, in the activation role.
    public var progressPercent: Int?
    /// Whether the ledger answers; `nil`: not known yet.
    public var isOnline: Bool?
    /// Records that wait for the ledger.
    public var queued: Int = 0
    /// The faults that hold, the worst first.
    public var conditions: [Condition] = []

    /// A terminal of which nothing more is known.
    public init(role: Role, terminal: UInt16, name: String, phase: Phase) {
        self.role = role
        self.terminal = terminal
        self.name = name
        self.phase = phase
    }
}

/// A key that somebody pressed, on the screen's page or on a keypad.
public enum ScreenKey: String, Codable, Sendable, CaseIterable {
    /// The digits.
    case zero = "0", one = "1", two = "2", three = "3", four = "4", five = "5", six = "6", seven = "7", eight = "8"
    /// The last digit.
    case nine = "9"
    /// The decimal point.
    case point = "."
    /// One more of what was entered: adds two amounts.
    case plus = "+"
    /// Takes the last digit back.
    case back
    /// Gives up what is under way.
    case clear
    /// The amount stands, the digits are complete.
    case enter
    /// What was entered is the number of a dish.
    case dish
    /// Takes the last sale back, with the same card.
    case void
    /// Gives money back, of the amount entered.
    case refund
    /// Opens or closes the shift.
    case shift
    /// Begins or ends practice.
    case training
}
