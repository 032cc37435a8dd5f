"""Training the notebook's network and exporting it to the app's model file."""
