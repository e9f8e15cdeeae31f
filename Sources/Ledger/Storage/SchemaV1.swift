/// The first tables: terminals and their records, accounts, money, activations.
///
/// A step that was shipped is never changed: books that were made with it lie somewhere.
enum SchemaV1 {
    static func statements(_ dialect: SQLDialect) -> [String] {
        [terminals, people, money, activations, exceptions, seed] + (dialect == .sqlite ? [SQLiteGuards.v1] : [])
    }

    /// Who uploads, how far each has come, and what it sent, byte by byte.
    private static let terminals = """
        CREATE TABLE terminals (
            number {int} PRIMARY KEY CHECK (number BETWEEN 0 AND 65535),
            name TEXT NOT NULL,
            token_hash {bytes} NOT NULL CHECK (length(token_hash) = 32),
            journal_key {bytes} NOT NULL CHECK (length(journal_key) = 32),
            frozen_reason TEXT,
            frozen_ms {int}
        ) {strict};
        CREATE TABLE cursors (
            terminal {int} NOT NULL REFERENCES terminals (number),
            epoch {int} NOT NULL,
            acknowledged {int} NOT NULL CHECK (acknowledged >= 0),
            chain_head {bytes} NOT NULL CHECK (length(chain_head) = 8),
            PRIMARY KEY (terminal, epoch)
        ) {rowless};
        CREATE TABLE records (
            terminal {int} NOT NULL REFERENCES terminals (number),
            epoch {int} NOT NULL,
            sequence {int} NOT NULL CHECK (sequence > 0),
            raw {bytes} NOT NULL CHECK (length(raw) = 128),
            verified {int} NOT NULL CHECK (verified IN (0, 1)),
            received_ms {int} NOT NULL,
            PRIMARY KEY (terminal, epoch, sequence)
        ) {rowless};
        CREATE TABLE settings (
            name TEXT PRIMARY KEY,
            value {int} NOT NULL
        ) {rowless};
        """

    /// Accounts and the cards that stand for them.
    ///
    /// A holder is known by a keyed hash, never by the number.
    private static let people = """
        CREATE TABLE accounts (
            number {int} PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('holder', 'system')),
            category TEXT,
            holder {bytes} UNIQUE CHECK (length(holder) = 16),
            name TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('open', 'closed')),
            opened_ms {int} NOT NULL,
            lost_ms {int},
            card_serial {int} NOT NULL,
            balance_fen {int},
            CHECK ((kind = 'holder') = (holder IS NOT NULL)),
            CHECK ((kind = 'holder') = (balance_fen IS NOT NULL))
        ) {strict};
        CREATE TABLE cards (
            uid {bytes} PRIMARY KEY CHECK (length(uid) BETWEEN 4 AND 10),
            account {int} NOT NULL REFERENCES accounts (number),
            serial {int} NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('active', 'reported-lost')),
            activated_ms {int} NOT NULL,
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            sequence {int} NOT NULL,
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        CREATE UNIQUE INDEX one_card_per_account ON cards (account);
        """

    /// Double entry: a transfer and its postings, whose fen add up to zero.
    ///
    /// The identity of a transfer is made from its cause, so that one cause cannot be paid twice.
    private static let money = """
        CREATE TABLE transfers (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            terminal {int},
            epoch {int},
            sequence {int},
            reason TEXT NOT NULL,
            created_ms {int} NOT NULL,
            lines {int} NOT NULL CHECK (lines >= 2),
            UNIQUE (terminal, epoch, sequence),
            CHECK ((terminal IS NULL) = (epoch IS NULL) AND (terminal IS NULL) = (sequence IS NULL)),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        CREATE TABLE postings (
            transfer TEXT NOT NULL REFERENCES transfers (id),
            account {int} NOT NULL REFERENCES accounts (number),
            fen {int} NOT NULL CHECK (fen <> 0),
            PRIMARY KEY (transfer, account)
        ) {rowless};
        CREATE INDEX postings_of_account ON postings (account);
        """

    /// What became of each activation: its intent until it is settled, and every outcome with its effect.
    private static let activations = """
        CREATE TABLE intents (
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            sequence {int} NOT NULL,
            uid {bytes} NOT NULL,
            account {int} NOT NULL,
            serial {int} NOT NULL,
            begun_ms {int} NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('pending', 'activated', 'chip-defective', 'suspense')),
            PRIMARY KEY (terminal, epoch, sequence),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        CREATE INDEX pending_intents ON intents (uid) WHERE state = 'pending';
        CREATE TABLE outcomes (
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            sequence {int} NOT NULL,
            uid {bytes} NOT NULL,
            account {int},
            serial {int} NOT NULL,
            effect TEXT NOT NULL CHECK (effect IN ('activated', 'confirmed', 'chip-defective', 'suspense')),
            purse_fen {int},
            paid_fen {int} NOT NULL,
            ended_ms {int} NOT NULL,
            PRIMARY KEY (terminal, epoch, sequence),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        """

    /// What needs a person: authentic records that cannot be posted, holes in a journal, and uploads set aside.
    private static let exceptions = """
        CREATE TABLE suspense (
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            sequence {int} NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            fen {int},
            created_ms {int} NOT NULL,
            PRIMARY KEY (terminal, epoch, sequence),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        CREATE TABLE cases (
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            first_lost {int} NOT NULL,
            last_lost {int} NOT NULL,
            reason TEXT NOT NULL,
            sequence {int} NOT NULL,
            created_ms {int} NOT NULL,
            PRIMARY KEY (terminal, epoch, first_lost, last_lost),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        CREATE TABLE quarantine (
            terminal {int} NOT NULL REFERENCES terminals (number),
            digest {bytes} NOT NULL CHECK (length(digest) = 32),
            epoch {int} NOT NULL,
            first {int} NOT NULL,
            body {bytes} NOT NULL,
            reason TEXT NOT NULL,
            received_ms {int} NOT NULL,
            PRIMARY KEY (terminal, digest)
        ) {rowless};
        """

    private static let seed = """
        INSERT INTO accounts (number, kind, name, status, opened_ms, card_serial)
        VALUES (1, 'system', 'legacy small purse liability', 'open', 0, 0),
            (2, 'system', 'balances carried over from the old system', 'open', 0, 0);
        INSERT INTO settings (name, value) VALUES ('roster_version', 1), ('roster_issued_ms', 0);
        """
}
