"""The model call, by diffusers.

`make test-ml` runs it with tiny pipelines of random weights, on a CPU: every
argument, dtype, mask direction and size, no quality. It was not run with real
weights, nor on a GPU. What is around it (canvas, mask, pasting, limits, HTTP) is
tested with an engine that paints without a model.
"""

import gc
import logging
import threading
import time
from typing import List, Optional

from PIL import Image

from . import pipelines, weights
from .engine import PaintJob
from .fault import invalid
from .settings import Settings
from .words import Part, Wording

log = logging.getLogger("opal_sd")

WARM_SIDE = 512
"""Side of the picture that is painted before the service says that it is ready."""


class DiffusionEngine:
    """One of diffusers' inpainting pipelines. It loads its weights in the
    background; readiness means that it has painted a picture."""

    def __init__(self, settings: Settings, warm_side: int = WARM_SIDE):
        self._s = settings
        self._pipe = None
        self._kind: Optional[pipelines.Kind] = None
        self._checker = None
        self._failed = False
        self._version = settings.model_dir or f"{settings.model_id}@{settings.model_revision}"
        self._seconds = 0.0  # that the last picture took
        self._lock = threading.Lock()  # a pipeline keeps state while it works
        self._warm_side = warm_side
        self._loader = threading.Thread(target=self._load, name="load-model", daemon=True)
        self._loader.start()

    @property
    def version(self) -> str:
        return self._version

    def ready(self) -> bool:
        return self._pipe is not None

    def failed(self) -> bool:
        return self._failed

    def _load(self) -> None:
        try:
            pipe = self._open()
            began = time.monotonic()
            grey = Image.new("RGB", (self._warm_side, self._warm_side), (180, 180, 180))
            plain = Wording((Part(0, "a plain grey wall"),), ())
            self._paint(pipe, PaintJob(grey, Image.new("L", grey.size, 255), plain, 1, 1, reference=grey if self._kind.reference else None))
            self._pipe = pipe
            log.info("Model loaded: %s, first picture after %.1f s, %s", self.version, time.monotonic() - began, _memory())
        except Exception:
            self._failed = True
            log.exception("Model not loaded: %s", self.version)

    def _open(self):
        import diffusers
        import torch

        s = self._s
        folder = weights.find(s.model_dir) if s.model_dir else None
        self._kind = kind = pipelines.choose(s, weights.pipeline_class(folder)) if folder else pipelines.choose(s, "") if s.pipeline else pipelines.KINDS["sdxl"]
        on_gpu = torch.cuda.is_available()
        dtype = getattr(torch, kind.half) if s.half_precision and on_gpu else torch.float32
        if dtype is torch.bfloat16 and not torch.cuda.is_bf16_supported():
            raise RuntimeError(f"{kind.name} wants bf16, which this GPU has not: take SD_PIPELINE=sdxl, or an A10, L4 or A100")
        source = str(folder) if folder else s.model_id or kind.model_id
        where = {"local_files_only": True} if folder else {"revision": s.model_revision}
        self._version = f"{kind.name}:{folder.name if folder else source + '@' + s.model_revision}"
        options = {"dtype": dtype, "use_safetensors": True, **where}
        if dtype is torch.float16 and _has_fp16(folder):
            options["variant"] = "fp16"
        pipe = getattr(diffusers, kind.loads).from_pretrained(source, **options)
        pipe.set_progress_bar_config(disable=True)
        if on_gpu:
            pipe.to("cuda")
        vae = getattr(pipe, "vae", None)
        if vae is not None and hasattr(vae, "enable_tiling"):
            vae.enable_tiling()
            if kind.upcast_vae:
                # By itself it tiles only above its training size; SDXL's computes in
                # float32, and 1024² at once is what a T4 has not.
                vae.tile_sample_min_size = min(getattr(vae, "tile_sample_min_size", 512), 512)
                vae.tile_latent_min_size = vae.tile_sample_min_size // 8
        if s.safety:
            self._checker = _Checker(*self._safety(folder))
        log.info("Weights of %s loaded from %s, licence: %s", kind.name, source, kind.licence)
        return pipe

    def _safety(self, folder):
        """Where the safety checker's weights are: safety/ within the model, or a
        pinned revision on the hub."""
        inside = weights.part(folder, "safety") if folder else None
        return (str(inside), None) if inside else (self._s.safety_model, self._s.safety_revision)

    def paint(self, job: PaintJob) -> List[Image.Image]:
        with self._lock:
            out = self._paint(self._pipe, job)
        if self._checker:
            out = [m for m in out if not self._checker.flags(m)]
            if not out:
                raise invalid("output_unsafe", "The safety checker refused every picture; change the prompt")
        return out

    def _paint(self, pipe, job: PaintJob) -> List[Image.Image]:
        import torch

        count = pipelines.counter(self._kind, pipe) if self._kind.tokens else None
        positive, left_out = job.wording.say(count, self._kind.tokens)
        negative, not_avoided = job.wording.avoid(count, self._kind.tokens)
        if left_out or (not_avoided and self._kind.negative):
            log.info("Words left out: %s", "; ".join(left_out + not_avoided))
        out: List[Image.Image] = []
        # One at a time: a batch would need the memory of all at once.
        for i in range(job.variants):
            # The next one must be done in time; the first is always tried.
            if out and time.monotonic() + self._seconds > job.until:
                log.info("Stopped after %d of %d variants: the time is up", len(out), job.variants)
                break
            began = time.monotonic()
            generator = torch.Generator(device=pipe.device).manual_seed((job.seed + i) % 2**64)
            with torch.inference_mode():
                out += pipe(**pipelines.call(self._kind, self._s, job, positive, negative, generator)).images
            self._seconds = time.monotonic() - began
        gc.collect()
        return out


def _has_fp16(folder) -> bool:
    """Whether the weights were saved with the variant fp16, as the hub's are."""
    return folder is None or any(folder.glob("*/*.fp16.safetensors"))


def _memory() -> str:
    import torch

    if not torch.cuda.is_available():
        return "on the CPU"
    return f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB of GPU memory at most"


class _Checker:
    """The safety checker that these pipelines do not bring along."""

    def __init__(self, model: str, revision: Optional[str]):
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPImageProcessor

        options = {"revision": revision} if revision else {"local_files_only": True}
        self._model = StableDiffusionSafetyChecker.from_pretrained(model, **options)
        self._processor = CLIPImageProcessor()

    def flags(self, m: Image.Image) -> bool:
        import numpy as np
        import torch

        pixels = self._processor(m, return_tensors="pt").pixel_values
        with torch.inference_mode():
            _, flagged = self._model(images=[np.asarray(m)], clip_input=pixels)
        return bool(flagged[0])
