"""`python -m charlm_tui` is the command `charlm-tui`."""

from charlm_tui.cli import main

if __name__ == "__main__":
    main()
