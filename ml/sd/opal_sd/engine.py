"""What the service wants of a model."""

from dataclasses import dataclass
from typing import List, Protocol

from PIL import Image


@dataclass(frozen=True)
class PaintJob:
    """One call of the model. image and mask have the same size; the mask is 255
    where the model paints. Seed is 0 to 2**64 - 1."""

    image: Image.Image
    mask: Image.Image
    prompt: str
    negative_prompt: str
    seed: int
    variants: int


class Engine(Protocol):
    """A model. paint is called from several threads, at most as many at once as
    SCORE_CONCURRENCY; the same job gives the same pictures on the same hardware."""

    @property
    def version(self) -> str:
        """Which weights paint."""

    def ready(self) -> bool:
        """Whether the weights are loaded."""

    def failed(self) -> bool:
        """Whether loading ended in an error: the container must be restarted."""

    def paint(self, job: PaintJob) -> List[Image.Image]:
        """Paint job.variants pictures of the job's size. Raises Fault."""
