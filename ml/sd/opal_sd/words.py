"""What a model is told: the scene's words from the table that all of OPAL's
engines share, the product, the brand, and the caller's wishes.

A part has a rank. What does not fit a model's encoder is left out from the least
important on, instead of being cut off at the end.
"""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Callable, List, Optional, Tuple

from .contract import ScoreRequest

_HERE = Path(__file__).resolve()


def _file() -> Path:
    """The table: beside this file in the container, in modules/picture in the
    repository."""
    beside = _HERE.with_name("words.json")
    return beside if beside.exists() else _HERE.parents[3] / "modules" / "picture" / "words.json"


@lru_cache
def table() -> dict:
    """Read the table once."""
    return json.loads(Path(os.environ.get("SD_WORDS") or _file()).read_text(encoding="utf-8"))


Count = Callable[[str], int]
"""How many of an encoder's tokens a text takes."""


@dataclass(frozen=True)
class Part:
    """A phrase; rank 0 is kept longest."""

    rank: int
    text: str


@dataclass(frozen=True)
class Wording:
    """Phrases in the order in which they are said."""

    positive: Tuple[Part, ...] = ()
    negative: Tuple[Part, ...] = ()

    def say(self, count: Optional[Count] = None, limit: int = 0) -> Tuple[str, List[str]]:
        """The positive text, and the phrases that did not fit."""
        return _fit(self.positive, count, limit)

    def avoid(self, count: Optional[Count] = None, limit: int = 0) -> Tuple[str, List[str]]:
        """The negative text, and the phrases that did not fit."""
        return _fit(self.negative, count, limit)


def wording(req: ScoreRequest) -> Wording:
    """Word a request."""
    t = table()
    scene = t["scenes"].get(req.scene, {})
    side = t["light_from"].get(req.light, "")
    stands = " ".join(p for p in (req.title, t["product"] if req.title else "", scene.get("surface", "")) if p)
    said = [
        (0, stands), (1, req.prompt), (2, scene.get("setting") or req.scene.replace("_", " ")), (3, scene.get("light", "")), (4, side),
        (5, t["shadow"]), (6, f"colours {', '.join(req.palette)}" if req.palette else ""), (7, scene.get("camera", "")), (8, t["look"]),
    ]
    avoided = [(0, req.negative_prompt)]
    avoided += [(1 + i, a) for i, a in enumerate([*t["avoid"], *scene.get("avoid", [])])]
    return Wording(tuple(Part(r, s.strip()) for r, s in said if s.strip()), tuple(Part(r, s.strip()) for r, s in avoided if s.strip()))


def _fit(parts: Tuple[Part, ...], count: Optional[Count], limit: int) -> Tuple[str, List[str]]:
    kept, out = list(parts), []

    def text() -> str:
        return ", ".join(p.text for p in kept)

    if count is None or limit <= 0:
        return text(), out
    while len(kept) > 1 and count(text()) > limit:
        worst = max(kept, key=lambda p: p.rank)
        kept.remove(worst)
        out.append(worst.text)
    said = text()
    words = said.split(" ")
    while len(words) > 1 and count(said) > limit:  # one phrase that is too long by itself
        words.pop()
        said = " ".join(words)
    if said != text():
        out.append(text()[len(said):].strip())
    return said, out
