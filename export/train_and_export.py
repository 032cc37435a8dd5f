"""Train the notebook's network on a text and export it to the app's model file.

The command of the README: the same as `charlm-tui train`, from a checkout without an installation.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from charlm_tui.training.train_and_export import command

if __name__ == "__main__":
    command()
