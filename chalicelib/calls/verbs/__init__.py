"""The verbs that a call runs, but for Dial, which has a room of its own."""
