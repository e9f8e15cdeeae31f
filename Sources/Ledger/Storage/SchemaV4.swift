/// The language in which terminals speak to a holder, where somebody has said which.
enum SchemaV4 {
    static func statements(_ dialect: SQLDialect) -> [String] { [accounts] }

    private static let accounts = """
        ALTER TABLE accounts ADD COLUMN language TEXT CHECK (length(language) BETWEEN 2 AND 16);
        """
}
