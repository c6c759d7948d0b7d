"""`python -m aecore`: the command line."""

from aecore.cli import main

if __name__ == "__main__":
    main()
