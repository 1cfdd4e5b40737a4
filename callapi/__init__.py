"""What a person runs: the local platform, calls through the REST API, and the trace of a call."""
