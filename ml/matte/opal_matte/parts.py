"""The arrays that pictures are made of."""
import os
from typing import NamedTuple


class Parts(NamedTuple):
    """Prefixes of the files that sprites.py, render.py and places.py write."""
    sprites: str
    renders: str
    places: str

    @classmethod
    def of(cls, folder, kind):
        """kind is "train" or "validation"."""
        return cls(*(os.path.join(folder, f'{name}.{kind}') for name in cls._fields))
