"""Run the command line with `python -m failwise`."""

from failwise.cli import main

if __name__ == "__main__":
    main()
