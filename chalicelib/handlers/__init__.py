"""What the handlers of all functions have in common: settings, invocation, log, metrics."""
