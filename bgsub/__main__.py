"""``python -m bgsub`` does what ``bgsub`` does."""

import sys

from bgsub.cli import main

sys.exit(main())
