"""Where the weights are, and which pipeline they are of.

Azure ML mounts a registered model in a folder below the one that it is told, by
the model's name and sometimes its version: so the folder is looked for.
"""

import json
import logging
import os
from pathlib import Path
from typing import Mapping, Optional, Tuple

log = logging.getLogger("opal_sd")

INDEX = "model_index.json"
MAX_DEPTH = 6


class WeightsError(Exception):
    """The weights can't be found; the text says what was."""


def find(model_dir: str, env: Mapping[str, str] = os.environ) -> Path:
    """The one folder with a model_index.json at or below model_dir, or else at or
    below what Azure ML says in AZUREML_MODEL_DIR. A folder within such a folder is
    a part of it. Raises WeightsError."""
    looked = []
    for root in dict.fromkeys(p for p in (model_dir, env.get("AZUREML_MODEL_DIR", "")) if p):
        found = _below(Path(root), MAX_DEPTH)
        if len(found) == 1:
            log.info("Weights found at %s", found[0])
            return found[0]
        if len(found) > 1:
            raise WeightsError(f"{root} holds several models ({', '.join(str(p) for p in sorted(found))}): set SD_MODEL_DIR to one of them")
        looked.append(f"{root} ({_listing(Path(root))})")
    raise WeightsError(f"no {INDEX} at or below {' or '.join(looked) or 'any folder'}: set SD_MODEL_DIR to the folder of the registered model")


def pipeline_class(folder: Path) -> str:
    """The class that the weights were saved from."""
    return json.loads((folder / INDEX).read_text(encoding="utf-8")).get("_class_name", "")


def part(folder: Path, name: str) -> Optional[Path]:
    """A folder of extra weights beside the pipeline's own, such as safety/."""
    return folder / name if (folder / name / "config.json").exists() else None


def _below(root: Path, depth: int) -> list:
    if (root / INDEX).is_file():
        return [root]
    if depth == 0 or not root.is_dir():
        return []
    return [p for child in sorted(root.iterdir()) if child.is_dir() for p in _below(child, depth - 1)]


def _listing(root: Path) -> str:
    if not root.is_dir():
        return "no such folder"
    names: Tuple[str, ...] = tuple(sorted(p.name for p in root.iterdir()))
    return "holds " + (", ".join(names[:8]) or "nothing")
