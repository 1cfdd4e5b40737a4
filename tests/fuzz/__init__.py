"""A fuzzer of the signaling task: ``python -m tests.fuzz --seconds 600 --seed N`` (or ``make fuzz-sip``)."""
