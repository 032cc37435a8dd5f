"""A training run as a film: what its kept epochs write, and when they learn a passage.

What is filmed, the making of it with the language model, the file in which it is kept, and its
exports. Knows no engine and no screen.
"""
