"""``python -m qjm_widgets.cli``."""

import sys

from qjm_widgets.cli.main import main

sys.exit(main())
