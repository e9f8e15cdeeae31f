/// Everything that accounts, feeds, enrolment and sales need.
enum SchemaV2 {
    static func statements(_ dialect: SQLDialect) -> [String] {
        let guards = dialect == .sqlite ? SQLiteGuards.v2 : PostgresGuards.v2
        let kept = dialect == .sqlite ? SQLiteGuards.v2Offices : PostgresGuards.v2Offices
        return [guards, terminals, cases, feeds, people, cards, money, sales, offices, kept, seed]
    }

    /// How terminals prove who they are, and which journals of theirs are known.
    private static let terminals = """
        CREATE TABLE credentials (
            terminal {int} NOT NULL REFERENCES terminals (number),
            token_hash {bytes} NOT NULL CHECK (length(token_hash) = 32),
            issued_ms {int} NOT NULL,
            expires_ms {int},
            PRIMARY KEY (terminal, token_hash)
        ) {rowless};
        INSERT INTO credentials (terminal, token_hash, issued_ms) SELECT number, token_hash, 0 FROM terminals;
        ALTER TABLE terminals DROP COLUMN token_hash;
        CREATE TABLE enrolments (
            token_hash {bytes} PRIMARY KEY CHECK (length(token_hash) = 32),
            terminal {int} NOT NULL REFERENCES terminals (number),
            issued_ms {int} NOT NULL,
            expires_ms {int} NOT NULL,
            credential_days {int},
            credential_hash {bytes} CHECK (length(credential_hash) = 32)
        ) {rowless};
        CREATE TABLE epochs (
            terminal {int} NOT NULL REFERENCES terminals (number),
            epoch {int} NOT NULL CHECK (epoch > 0),
            registered_ms {int} NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (terminal, epoch)
        ) {rowless};
        INSERT INTO epochs (terminal, epoch, registered_ms, reason)
            SELECT terminal, epoch, 0, 'in use before epochs were registered' FROM cursors;
        CREATE TABLE heartbeats (
            terminal {int} PRIMARY KEY REFERENCES terminals (number),
            received_ms {int} NOT NULL,
            body TEXT NOT NULL
        ) {strict};
        CREATE TABLE closings (
            terminal {int} NOT NULL REFERENCES terminals (number),
            epoch {int} NOT NULL,
            day TEXT NOT NULL,
            digest {bytes} NOT NULL CHECK (length(digest) = 32),
            body TEXT NOT NULL,
            received_ms {int} NOT NULL,
            PRIMARY KEY (terminal, epoch, day, digest)
        ) {rowless};
        """

    /// A case may also be about the end of a journal that was begun anew, which no record tells of.
    private static let cases = """
        CREATE TABLE cases_v2 (
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            first_lost {int} NOT NULL,
            last_lost {int} NOT NULL,
            reason TEXT NOT NULL,
            sequence {int},
            created_ms {int} NOT NULL,
            PRIMARY KEY (terminal, epoch, first_lost, last_lost),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        INSERT INTO cases_v2 (terminal, epoch, first_lost, last_lost, reason, sequence, created_ms)
            SELECT terminal, epoch, first_lost, last_lost, reason, sequence, created_ms FROM cases;
        DROP TABLE cases;
        ALTER TABLE cases_v2 RENAME TO cases;
        """

    /// What terminals download.
    ///
    /// A row that changed carries version 0 until an issue of the feed gives it its own, so that writers never wait for
    /// each other at a counter, and a delta can be made from any version for ever.
    private static let feeds = """
        CREATE TABLE feeds (
            name TEXT PRIMARY KEY,
            version {int} NOT NULL,
            issued_ms {int} NOT NULL
        ) {rowless};
        INSERT INTO feeds (name, version, issued_ms)
            SELECT 'roster', value, 0 FROM settings WHERE name = 'roster_version';
        INSERT INTO feeds (name, version, issued_ms) VALUES ('hotlist', 1, 0), ('settings', 1, 0);
        DELETE FROM settings WHERE name IN ('roster_version', 'roster_issued_ms');
        CREATE TABLE hotlist (
            tag {bytes} PRIMARY KEY CHECK (length(tag) = 8),
            listed {int} NOT NULL CHECK (listed IN (0, 1)),
            feed_version {int} NOT NULL,
            account {int} REFERENCES accounts (number),
            reason TEXT NOT NULL,
            changed_ms {int} NOT NULL
        ) {rowless};
        CREATE INDEX hotlist_by_version ON hotlist (feed_version);
        CREATE TABLE documents (
            name TEXT PRIMARY KEY,
            body TEXT NOT NULL,
            feed_version {int} NOT NULL
        ) {rowless};
        """

    /// Whoever the university knows may open an account; an account may owe, and has a PIN.
    private static let people = """
        CREATE TABLE people (
            holder {bytes} PRIMARY KEY CHECK (length(holder) = 16),
            name TEXT NOT NULL,
            category TEXT NOT NULL CHECK (category IN ('staff', 'student')),
            initial_pin {bytes},
            opening_fen {int} NOT NULL CHECK (opening_fen >= 0),
            registered_ms {int} NOT NULL
        ) {rowless};
        ALTER TABLE accounts ADD COLUMN roster_version {int} NOT NULL DEFAULT 0;
        ALTER TABLE accounts ADD COLUMN debt_fen {int} NOT NULL DEFAULT 0;
        ALTER TABLE accounts ADD COLUMN late_until_ms {int};
        ALTER TABLE accounts ADD COLUMN pin_salt {bytes};
        ALTER TABLE accounts ADD COLUMN pin_verifier {bytes};
        ALTER TABLE accounts ADD COLUMN pin_failures {int} NOT NULL DEFAULT 0;
        ALTER TABLE accounts ADD COLUMN pin_locked_until_ms {int};
        CREATE INDEX accounts_by_roster ON accounts (roster_version);
        """

    /// Cards that were replaced stay known: whoever finds one must not find it working.
    private static let cards = """
        CREATE TABLE cards_v2 (
            uid {bytes} PRIMARY KEY CHECK (length(uid) BETWEEN 4 AND 10),
            account {int} NOT NULL REFERENCES accounts (number),
            serial {int} NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('active', 'retired')),
            activated_ms {int} NOT NULL,
            retired_ms {int},
            retired_why TEXT,
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            sequence {int} NOT NULL,
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        INSERT INTO cards_v2 (uid, account, serial, status, activated_ms, terminal, epoch, sequence)
            SELECT uid, account, serial, 'active', activated_ms, terminal, epoch, sequence FROM cards;
        DROP TABLE cards;
        ALTER TABLE cards_v2 RENAME TO cards;
        CREATE UNIQUE INDEX one_active_card_per_account ON cards (account) WHERE status = 'active';
        CREATE INDEX cards_of_account ON cards (account);
        """

    private static let money = """
        ALTER TABLE transfers ADD COLUMN reverses TEXT REFERENCES transfers (id);
        CREATE UNIQUE INDEX one_reversal ON transfers (reverses) WHERE reverses IS NOT NULL;
        ALTER TABLE suspense ADD COLUMN resolved_ms {int};
        ALTER TABLE suspense ADD COLUMN resolution TEXT;
        """

    /// Each sale that a terminal has reported, and what became of it.
    private static let sales = """
        CREATE TABLE sales (
            terminal {int} NOT NULL,
            epoch {int} NOT NULL,
            sequence {int} NOT NULL,
            uid {bytes},
            account {int} NOT NULL,
            serial {int} NOT NULL,
            card_sequence {int} NOT NULL,
            medium {int} NOT NULL,
            fen {int} NOT NULL,
            effect TEXT NOT NULL CHECK (effect IN ('posted', 'voided', 'undone', 'in-doubt', 'suspense')),
            made_ms {int} NOT NULL,
            PRIMARY KEY (terminal, epoch, sequence),
            FOREIGN KEY (terminal, epoch, sequence) REFERENCES records (terminal, epoch, sequence)
        ) {rowless};
        CREATE INDEX sales_of_card ON sales (account, serial, card_sequence);
        """

    /// Who else may ask, what people asked for once and for ever, and what was done by whom.
    private static let offices = """
        CREATE TABLE tokens (
            token_hash {bytes} PRIMARY KEY CHECK (length(token_hash) = 32),
            role TEXT NOT NULL CHECK (role IN ('app', 'card-centre', 'auditor')),
            label TEXT NOT NULL,
            issued_ms {int} NOT NULL,
            expires_ms {int},
            revoked_ms {int}
        ) {rowless};
        CREATE TABLE requests (
            reference TEXT PRIMARY KEY,
            digest {bytes} NOT NULL CHECK (length(digest) = 32),
            answer TEXT NOT NULL,
            made_ms {int} NOT NULL,
            account {int} NOT NULL REFERENCES accounts (number),
            transfer TEXT UNIQUE REFERENCES transfers (id)
        ) {rowless};
        CREATE INDEX requests_of_account ON requests (account);
        CREATE TABLE audit (
            id {bytes} PRIMARY KEY CHECK (length(id) = 16),
            at_ms {int} NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL
        ) {rowless};
        CREATE INDEX audit_by_subject ON audit (subject, id);
        """

    private static let seed = """
        INSERT INTO accounts (number, kind, name, status, opened_ms, card_serial)
        VALUES (3, 'system', 'old student balances not carried over', 'open', 0, 0),
            (4, 'system', 'top-ups received', 'open', 0, 0),
            (5, 'system', 'canteen sales', 'open', 0, 0),
            (6, 'system', 'fees for cards', 'open', 0, 0),
            (7, 'system', 'owed by holders', 'open', 0, 0),
            (8, 'system', 'suspense', 'open', 0, 0),
            (9, 'system', 'sales written off', 'open', 0, 0);
        UPDATE accounts SET roster_version = -1 WHERE kind = 'system';
        """
}
