"""``python -m listkeep.cli``: how one of our processes starts another."""

from .main import main

if __name__ == "__main__":
    main()
