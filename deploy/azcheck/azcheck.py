"""Parses az commands by az itself, without running them.

Reads a JSON list of commands from standard input, each a list of words behind
"az", and writes a list of what az says against each: "" where it says nothing.
The parser is az's own, with its command tables; a command ends before its
handler, its validators look nothing up, and no socket is opened.
"""

import contextlib
import io
import json
import os
import socket
import sys


def no_network(*_args, **_kwargs):
    raise RuntimeError("a test must not open connections")


socket.socket.connect = no_network
socket.create_connection = no_network
os.environ.update(AZURE_CORE_COLLECT_TELEMETRY="no", AZURE_CORE_NO_COLOR="yes", AZURE_EXTENSION_USE_DYNAMIC_INSTALL="no", AZURE_CORE_ONLY_SHOW_ERRORS="yes")

from azure.cli.core import CommandIndex, MainCommandsLoader, get_default_cli  # noqa: E402
from azure.cli.core.commands import AzCliCommandInvoker  # noqa: E402

# The package's own index of commands is of its version. For a command that is not
# there az would load all of its modules to look again, which takes a minute.
CommandIndex.get_packaged_core_index = lambda self: {}
MainCommandsLoader._cache_help_index = lambda self, index: None
AzCliCommandInvoker._run_jobs_serially = lambda self, jobs, ids: ([], [])
AzCliCommandInvoker._run_jobs_concurrently = lambda self, jobs, ids: ([], [])
AzCliCommandInvoker._validate_cmd_level = lambda self, ns, validator: None
AzCliCommandInvoker._validate_arg_level = lambda self, ns, **_: None


def said(cli, words):
    err = io.StringIO()
    code = 0
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = cli.invoke(words, out_file=io.StringIO())
        except SystemExit as e:
            code = e.code
    if code in (0, None):
        return ""
    return " ".join(err.getvalue().split())[:300] or f"exit status {code}"


def main():
    cli = get_default_cli()
    json.dump([said(cli, words) for words in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
