"""What a reply is, wherever it goes: the tape, its files and lines, comparison, exports."""
