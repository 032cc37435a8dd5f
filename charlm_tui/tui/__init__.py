"""The Textual front end."""

import os

# Textual draws at multiples of a frame's time, and lets two of them pass after a frame that took
# longer: at 60 a second a key was seen up to 33 ms later than it could be. What there is to draw
# comes at 60 a second at the most, so there are few frames more.
os.environ.setdefault("TEXTUAL_FPS", "240")
