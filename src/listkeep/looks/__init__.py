"""What the pages of the buildings share: looks, words, doors, headers, the way in.

No building reaches into another for it, and each pins by hash what it serves of it: a
file that was changed here is served by neither.
"""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "static"
WORDS: Final = Path(__file__).parent / "locale"
