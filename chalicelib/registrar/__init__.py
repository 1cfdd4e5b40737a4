"""Which client may register, and where it can be reached (RFC 3261 §10)."""
