"""What the service wants of a model."""

from dataclasses import dataclass
from typing import List, Optional, Protocol

from PIL import Image

from .words import Wording


@dataclass(frozen=True)
class PaintJob:
    """One call of the model. image and mask have the same size; the mask is 255
    where the model paints. reference is the product alone on a plain ground, for
    models that can be shown one; None where there is no product. Seed is 0 to
    2**64 - 1. until is when to stop painting more variants, by time.monotonic()."""

    image: Image.Image
    mask: Image.Image
    wording: Wording
    seed: int
    variants: int
    reference: Optional[Image.Image] = None
    until: float = float("inf")


class Engine(Protocol):
    """A model. paint is called from several threads, at most as many at once as
    SCORE_CONCURRENCY; the same job gives the same pictures on the same hardware."""

    @property
    def version(self) -> str:
        """Which weights paint."""

    def ready(self) -> bool:
        """Whether the weights are loaded and one picture was painted."""

    def failed(self) -> bool:
        """Whether loading ended in an error: the container must be restarted."""

    def paint(self, job: PaintJob) -> List[Image.Image]:
        """Paint one to job.variants pictures of the job's size. Raises Fault."""
