"""``python -m callapi``: the console script where it is not installed."""

import sys

from .cli import main

sys.exit(main())
