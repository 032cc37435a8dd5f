"""The Textual front end."""

import os

# Textual draws at multiples of a period, and skips up to two of them after a frame that came late:
# at 60 a second the effect of a key was seen up to 33 ms later than it could be. It still draws
# only when something has changed: 90 frames a second at full speed, where 60 made 57.
os.environ.setdefault("TEXTUAL_FPS", "240")
