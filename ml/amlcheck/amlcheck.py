"""Loads Azure ML's files by azure-ai-ml itself, which sends nothing.

Reads a JSON list of [kind, path] from standard input, kind being endpoint or
deployment, and writes a list of what came of each: {"name", "endpoint", "type",
"image", "routes", "timeout_ms", "model", "mount", "variables"} or {"error"}.
"""

import json
import os
import socket
import sys


def no_network(*_args, **_kwargs):
    raise RuntimeError("a test must not open connections")


socket.socket.connect = no_network
os.environ["AZURE_CORE_COLLECT_TELEMETRY"] = "no"

from azure.ai.ml import load_online_deployment, load_online_endpoint  # noqa: E402


def loaded(kind, path):
    if kind == "endpoint":
        e = load_online_endpoint(path)
        return {"name": e.name, "auth": str(e.auth_mode), "identity": e.identity.type if e.identity else None}
    d = load_online_deployment(path)
    config = (d.environment.inference_config if d.environment else None) or {}
    # the rest payload is what the service would be sent
    return {
        "name": d.name, "endpoint": d.endpoint_name, "type": d.instance_type, "image": d.environment.image if d.environment else None,
        "routes": {k: [v["port"], v["path"]] for k, v in config.items()}, "timeout_ms": d.request_settings.request_timeout_ms if d.request_settings else None,
        "model": d.model if isinstance(d.model, str) else None, "mount": d.model_mount_path, "variables": d.environment_variables,
    }


def main():
    results = []
    for kind, path in json.load(sys.stdin):
        try:
            results.append(loaded(kind, path))
        except Exception as e:  # whatever the loader says against a file is the result
            results.append({"error": " ".join(str(e).split())[:400] or type(e).__name__})
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
