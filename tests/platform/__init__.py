"""The local platform as a person runs it."""
