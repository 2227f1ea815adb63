"""The kinds of pipeline that can paint, a row each: SD_PIPELINE names one, or the
weights do.

A row says which of diffusers' classes paints, how it is called, what it costs and
under which licence its usual weights come. Pipelines differ in what they are
called with: SDXL takes negative words and cuts at 77 tokens; FLUX.2 [klein] takes
the product as a reference and no negative words.
"""

import math
from dataclasses import dataclass, field
from typing import Callable, Dict, Tuple

from .engine import PaintJob
from .settings import Settings, SettingsError


@dataclass(frozen=True)
class Kind:
    """One kind of pipeline."""

    name: str
    loads: str  # the class of diffusers that paints
    saved_as: Tuple[str, ...]  # names that model_index.json may give
    model_id: str  # the usual weights on the hub
    licence: str
    steps: int
    guidance: float
    guidance_name: str = "guidance_scale"
    strength: float = 0.99
    negative: bool = True  # takes negative_prompt
    reference: bool = False  # takes the product as image_reference
    tokens: int = 0  # of its encoder; 0: as many as a prompt has
    half: str = "float16"  # dtype on a GPU
    upcast_vae: bool = False  # its VAE overflows in float16
    extra: Dict[str, object] = field(default_factory=dict)


KINDS = {
    k.name: k
    for k in (
        Kind(
            "sdxl", "StableDiffusionXLInpaintPipeline", ("StableDiffusionXLInpaintPipeline", "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline"),
            "diffusers/stable-diffusion-xl-1.0-inpainting-0.1", "CreativeML Open RAIL++-M: use restrictions that bind your customers, too",
            steps=28, guidance=7.0, tokens=75, upcast_vae=True,
        ),
        Kind(
            "flux2-klein", "Flux2KleinInpaintPipeline", ("Flux2KleinPipeline", "Flux2KleinInpaintPipeline"),
            "black-forest-labs/FLUX.2-klein-4B", "Apache-2.0 (the 9B weights are not)",
            steps=4, guidance=1.0, strength=1.0, negative=False, reference=True, half="bfloat16",
        ),
        Kind(
            "z-image", "ZImageInpaintPipeline", ("ZImagePipeline", "ZImageInpaintPipeline", "ZImageImg2ImgPipeline"),
            "Tongyi-MAI/Z-Image-Turbo", "Apache-2.0", steps=9, guidance=0.0, strength=1.0, half="bfloat16",
        ),
        Kind(
            "qwen-image-edit", "QwenImageEditInpaintPipeline", ("QwenImageEditPipeline", "QwenImageEditPlusPipeline", "QwenImageEditInpaintPipeline"),
            "Qwen/Qwen-Image-Edit", "Apache-2.0", steps=30, guidance=4.0, guidance_name="true_cfg_scale", strength=1.0, half="bfloat16",
        ),
    )
}


def choose(settings: Settings, saved_as: str) -> Kind:
    """The kind that the settings name, or else the weights. Raises SettingsError."""
    if settings.pipeline:
        return KINDS[settings.pipeline]
    for k in KINDS.values():
        if saved_as in k.saved_as:
            return k
    raise SettingsError(f"the weights are of {saved_as or 'no pipeline'}: set SD_PIPELINE to one of {', '.join(KINDS)}")


def call(kind: Kind, settings: Settings, job: PaintJob, positive: str, negative: str, generator) -> Dict[str, object]:
    """What the pipeline is called with for one picture."""
    strength = settings.strength or kind.strength
    # Of the steps the share strength is taken; without one a pipeline refuses to work.
    steps = max(settings.steps or kind.steps, math.ceil(1 / strength))
    args: Dict[str, object] = {
        "prompt": positive, "image": job.image, "mask_image": job.mask, "width": job.image.width, "height": job.image.height,
        "num_inference_steps": steps, "strength": strength, "generator": generator,
        kind.guidance_name: kind.guidance if settings.guidance is None else settings.guidance, **kind.extra,
    }
    if kind.negative:
        args["negative_prompt"] = negative or None
    if kind.reference and job.reference is not None:
        args["image_reference"] = job.reference
    return args


Counter = Callable[[str], int]


def counter(kind: Kind, pipe) -> Counter:
    """Counts tokens of a pipeline's encoder, without those that begin and end."""
    tokenizer = pipe.tokenizer

    def count(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False, truncation=False).input_ids)

    return count
