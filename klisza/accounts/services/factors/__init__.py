"""Second factors beyond the text message: passkeys, authenticator apps, recovery codes (N18, T-50)."""
