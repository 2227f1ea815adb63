"""The model call: SDXL inpainting by diffusers.

NOT RUN in this project's tests: it needs torch, the weights and a GPU. What is
around it (canvas, mask, pasting, limits, HTTP) is tested with an engine that
paints without a model.
"""

import logging
import threading
from typing import List

from PIL import Image

from .engine import PaintJob
from .fault import invalid
from .settings import Settings

log = logging.getLogger("opal_sd")


class DiffusionEngine:
    """SDXL inpainting. It loads its weights in the background."""

    def __init__(self, settings: Settings):
        self._s = settings
        self._pipe = None
        self._checker = None
        self._failed = False
        self._lock = threading.Lock()  # a pipeline keeps state while it works
        threading.Thread(target=self._load, name="load-model", daemon=True).start()

    @property
    def version(self) -> str:
        return self._s.model_dir or f"{self._s.model_id}@{self._s.model_revision}"

    def ready(self) -> bool:
        return self._pipe is not None

    def failed(self) -> bool:
        return self._failed

    def _load(self) -> None:
        try:
            import torch
            from diffusers import AutoPipelineForInpainting

            half = self._s.half_precision and torch.cuda.is_available()
            options = {"torch_dtype": torch.float16 if half else torch.float32, "use_safetensors": True}
            if half:
                options["variant"] = "fp16"
            if self._s.model_dir:
                pipe = AutoPipelineForInpainting.from_pretrained(self._s.model_dir, local_files_only=True, **options)
            else:
                pipe = AutoPipelineForInpainting.from_pretrained(self._s.model_id, revision=self._s.model_revision, **options)
            pipe.set_progress_bar_config(disable=True)
            if torch.cuda.is_available():
                pipe.to("cuda")
                pipe.vae.enable_tiling()  # decoding 1024² fits 16 GB beside the weights
            if self._s.safety:
                self._checker = _Checker(self._s.safety_model)
            self._pipe = pipe
            log.info("Model loaded: %s", self.version)
        except Exception:
            self._failed = True
            log.exception("Model not loaded: %s", self.version)

    def paint(self, job: PaintJob) -> List[Image.Image]:
        import torch

        with self._lock:
            device = self._pipe.device
            generators = [torch.Generator(device=device).manual_seed((job.seed + i) % 2**64) for i in range(job.variants)]
            out = []
            # One at a time: a batch would need the memory of all at once.
            for g in generators:
                out += self._pipe(
                    prompt=job.prompt, negative_prompt=job.negative_prompt or None, image=job.image, mask_image=job.mask,
                    width=job.image.width, height=job.image.height, num_inference_steps=self._s.steps,
                    guidance_scale=self._s.guidance, strength=self._s.strength, generator=g,
                ).images
        if self._checker:
            out = [m for m in out if not self._checker.flags(m)]
            if not out:
                raise invalid("output_unsafe", "The safety checker refused every picture; change the prompt")
        return out


class _Checker:
    """The safety checker that SDXL's pipelines do not bring along."""

    def __init__(self, model: str):
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPImageProcessor

        self._model = StableDiffusionSafetyChecker.from_pretrained(model)
        self._processor = CLIPImageProcessor()

    def flags(self, m: Image.Image) -> bool:
        import numpy as np

        pixels = self._processor(m, return_tensors="pt").pixel_values
        _, flagged = self._model(images=[np.asarray(m)], clip_input=pixels)
        return bool(flagged[0])
