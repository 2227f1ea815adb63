"""What the pipelines are called with."""

import pytest
from conftest import settings
from opal_sd import pipelines
from opal_sd.engine import PaintJob
from opal_sd.words import Wording
from PIL import Image


@pytest.mark.parametrize("kind", sorted(pipelines.KINDS))
@pytest.mark.parametrize("steps,strength", [(0, 0.0), (1, 0.0), (1, 0.01), (2, 0.3), (200, 1.0)])
def test_at_least_one_step_is_taken(kind, steps, strength):
    grey = Image.new("RGB", (64, 64))
    job = PaintJob(grey, Image.new("L", grey.size, 255), Wording(), 1, 1)
    args = pipelines.call(pipelines.KINDS[kind], settings(steps=steps, strength=strength), job, "a wall", "", None)
    assert int(args["num_inference_steps"] * args["strength"]) >= 1
    assert not steps or args["num_inference_steps"] >= steps
