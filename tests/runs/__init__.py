"""Tests of runs/: the log of a training run, written, read and followed."""
