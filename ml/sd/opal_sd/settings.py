"""Settings, from environment variables."""

import ipaddress
import math
import os
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Tuple

from .blobs import Network

MAX_SIDE = 1536
"""Longest side of a picture in pixels: models paint scenes twice above it."""

PIPELINES = ("sdxl", "flux2-klein", "z-image", "qwen-image-edit")


class SettingsError(ValueError):
    """A setting is missing or wrong; the text names it."""


@dataclass(frozen=True)
class Settings:
    """What can be configured. Names in brackets are environment variables."""

    auth: str = "key"  # SCORE_AUTH: "key", or "platform" where the endpoint checks it
    key: str = ""  # SCORE_KEY
    allowed_hosts: Tuple[str, ...] = ()  # SCORE_ALLOWED_HOSTS, comma separated
    allowed_networks: Tuple[Network, ...] = ()  # SCORE_ALLOWED_NETWORKS: private ones that allowed hosts may be in
    allow_loopback: bool = False  # only tests set it
    concurrency: int = 1  # SCORE_CONCURRENCY: pictures made at once
    port: int = 8080  # SCORE_PORT
    wait: float = 60.0  # SCORE_WAIT: seconds that a call waits for its place before it is answered 429
    deadline: float = 150.0  # SCORE_DEADLINE: seconds after which no more variants are painted; the endpoint cuts off at 180
    pipeline: str = ""  # SD_PIPELINE: sdxl, flux2-klein, z-image or qwen-image-edit; empty: what the weights are of
    model_dir: str = ""  # SD_MODEL_DIR: weights on disk at or below it, such as a mounted AML model
    model_id: str = ""  # SD_MODEL_ID: on the hub, where there is no folder; empty: the pipeline's usual ones
    model_revision: str = "main"  # SD_MODEL_REVISION: pin a commit in production
    half_precision: bool = True  # SD_HALF_PRECISION
    safety: bool = True  # SD_SAFETY: refuse pictures that the checker flags
    safety_model: str = "CompVis/stable-diffusion-safety-checker"  # SD_SAFETY_MODEL: where the model has no folder safety
    safety_revision: str = "cb41f3a270d63d454d385fc2e4f571c487c253c5"  # SD_SAFETY_REVISION
    steps: int = 0  # SD_STEPS; 0: as the pipeline needs
    guidance: Optional[float] = None  # SD_GUIDANCE; None: as the pipeline needs
    strength: float = 0.0  # SD_STRENGTH; 0: as the pipeline needs
    variants: int = 1  # SD_VARIANTS: painted per call as far as the time goes, the best is returned
    max_input: int = 32 << 20  # SD_MAX_INPUT_BYTES

    @staticmethod
    def from_env(env: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; raise SettingsError for the first that is wrong."""
        d = Settings()
        s = Settings(
            auth=env.get("SCORE_AUTH", d.auth),
            key=env.get("SCORE_KEY", ""),
            allowed_hosts=tuple(h.strip() for h in env.get("SCORE_ALLOWED_HOSTS", "").split(",") if h.strip()),
            allowed_networks=_networks(env, "SCORE_ALLOWED_NETWORKS"),
            concurrency=_number(env, "SCORE_CONCURRENCY", d.concurrency, int, 1, 64),
            port=_number(env, "SCORE_PORT", d.port, int, 1, 65535),
            wait=_number(env, "SCORE_WAIT", d.wait, float, 0, 170),
            deadline=_number(env, "SCORE_DEADLINE", d.deadline, float, 1, 3600),
            pipeline=env.get("SD_PIPELINE", "").strip(),
            model_dir=env.get("SD_MODEL_DIR", ""),
            model_id=env.get("SD_MODEL_ID", ""),
            model_revision=env.get("SD_MODEL_REVISION") or d.model_revision,
            half_precision=_switch(env, "SD_HALF_PRECISION", d.half_precision),
            safety=_switch(env, "SD_SAFETY", d.safety),
            safety_model=env.get("SD_SAFETY_MODEL", d.safety_model),
            safety_revision=env.get("SD_SAFETY_REVISION", d.safety_revision),
            steps=_number(env, "SD_STEPS", d.steps, int, 1, 200),
            guidance=_number(env, "SD_GUIDANCE", d.guidance, float, 0, 30),
            strength=_number(env, "SD_STRENGTH", d.strength, float, 0.01, 1),
            variants=_number(env, "SD_VARIANTS", d.variants, int, 1, 8),
            max_input=_number(env, "SD_MAX_INPUT_BYTES", d.max_input, int, 1, 1 << 30),
        )
        if s.auth not in ("key", "platform"):
            raise SettingsError("SCORE_AUTH must be key or platform")
        if s.auth == "key" and not s.key:
            raise SettingsError("SCORE_KEY is not set; set it, or SCORE_AUTH=platform behind an endpoint that checks keys itself")
        if s.pipeline and s.pipeline not in PIPELINES:
            raise SettingsError(f"SD_PIPELINE must be one of {', '.join(PIPELINES)}, or empty for what the weights are of")
        if s.wait >= s.deadline:
            raise SettingsError("SCORE_WAIT must be below SCORE_DEADLINE: nothing would be left to paint in")
        if not s.allowed_hosts:
            raise SettingsError("SCORE_ALLOWED_HOSTS is not set: the hosts that pictures are read from and written to")
        return s


# The networks that may be opened: never the link-local one, where the platform's
# metadata is.
_PRIVATE = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]


def _networks(env: Mapping[str, str], name: str) -> Tuple[Network, ...]:
    found = []
    for text in env.get(name, "").split(","):
        if not text.strip():
            continue
        try:
            n = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            raise SettingsError(f"{name} must be networks such as 10.20.0.0/16") from None
        if not any(n.version == p.version and n.subnet_of(p) for p in _PRIVATE):
            raise SettingsError(f"{name}: {n} is not within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7")
        found.append(n)
    return tuple(found)


def _number(env: Mapping[str, str], name: str, default, kind: Callable, low: float, high: float):
    if not env.get(name):
        return default
    try:
        v = kind(env[name])
    except ValueError:
        raise SettingsError(f"{name} must be a number") from None
    if not math.isfinite(v) or not low <= v <= high:
        raise SettingsError(f"{name} must be between {low} and {high}")
    return v


def _switch(env: Mapping[str, str], name: str, default: bool) -> bool:
    v = env.get(name, "on" if default else "off").lower()
    if v not in ("on", "off", "true", "false", "1", "0"):
        raise SettingsError(f"{name} must be on or off")
    return v in ("on", "true", "1")
