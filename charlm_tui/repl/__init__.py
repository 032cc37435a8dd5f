"""The plain-terminal front end: a chat where there is a terminal, a filter where there is none."""
