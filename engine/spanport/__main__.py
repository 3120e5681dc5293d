"""`python -m spanport`: the command line."""

from spanport.cli import main

if __name__ == "__main__":
    main()
