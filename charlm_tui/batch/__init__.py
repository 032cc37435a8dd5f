"""The commands for scripts: no engine, no screen, `lm` called directly in this process."""
