"""The log of a training run: its records, a file of them that grows, and who reads it.

Beside the language model, on `text` and `files` alone: training writes it, and the front ends read
it. A run is told in full by its log, so whoever looks waits for no trainer, and loads none of its
libraries.
"""
