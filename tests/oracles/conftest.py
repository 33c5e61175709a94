"""Let the tests of this folder import the modules that stand beside the folders of tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
