"""The engine: a call is a pure state machine fed with events and answered with commands."""
