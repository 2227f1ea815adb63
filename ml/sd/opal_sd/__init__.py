"""OPAL's Stable Diffusion scoring service: POST /score, GET /livez, GET /readyz.

The contract is in ml/contract. Everything but the model call itself
(`diffusion.py`) runs and is tested without a GPU and without torch.
"""

VERSION = "1"
