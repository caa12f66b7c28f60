"""Rules: what is worth a message, in TOML; and what they say of a person's days."""
