"""Run the service: python3 -m opal_sd."""

import logging
import sys

import uvicorn

from .diffusion import DiffusionEngine
from .service import JSONLines, create_app
from .settings import Settings, SettingsError


def main() -> int:
    """Start, or say which setting is wrong and return 2."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JSONLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    try:
        settings = Settings.from_env()
    except SettingsError as e:
        print(f"opal_sd: {e}", file=sys.stderr)
        return 2
    app = create_app(settings, DiffusionEngine(settings))
    uvicorn.run(app, host="0.0.0.0", port=settings.port, log_config=None, access_log=False, timeout_keep_alive=90)
    return 0


if __name__ == "__main__":
    sys.exit(main())
