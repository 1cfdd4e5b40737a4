"""Hours of calls in minutes: ``python -m tests.soak --seconds 600 --calls 12 --seed N`` (or ``make soak``)."""
