"""What the figures of `benchmarks/README.md` are made with; nothing here is a test."""
