"""Scripts by what matters to tokenization."""

SCRIPTS_WITHOUT_SPACES = frozenset({"Hans", "Hant", "Jpan", "Khmr", "Laoo", "Mymr", "Thai", "Tibt"})
"""ISO 15924 codes of scripts that put no spaces between words, as they end NLLB's language codes."""
