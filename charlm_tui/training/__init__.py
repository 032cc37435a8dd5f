"""Training the notebook's network and exporting it to the app's model file."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read once, when TensorFlow is imported
