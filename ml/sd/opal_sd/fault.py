"""Errors that a caller is told about."""


class Fault(Exception):
    """An error with an HTTP status, a stable code and a public text.

    The text holds no secrets and no internals: signed URLs never get in.
    """

    def __init__(self, status: int, code: str, text: str, retry_after: int = 0):
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.retry_after = retry_after


def invalid(code: str, text: str) -> Fault:
    """A request that fails again when it is sent again."""
    return Fault(422, code, text)


def unavailable(code: str, text: str, retry_after: int = 1) -> Fault:
    """Something that may work later."""
    return Fault(503, code, text, retry_after)
