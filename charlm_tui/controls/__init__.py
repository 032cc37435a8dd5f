"""Everything that a person can set: controls, the settings file, the parameters."""
