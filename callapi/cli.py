"""The console script ``callapi``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .call import RefusedError, call
from .ladder import FORMATS
from .platform import NotRunningError, find_running
from .processes import StartError
from .trace import UnknownCallError, calls_table, moments, read_session
from .up import application_from, client_from, policy_from, up

Failure = (StartError, NotRunningError, RefusedError, UnknownCallError, OSError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; the exit status is 0 for success, 1 for a failure, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except Failure as error:
        print(f"callapi: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="callapi", description="Programmable voice on SIP.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    platform = commands.add_parser("up", help="run the whole platform on this machine until Ctrl-C")
    source = platform.add_mutually_exclusive_group()
    source.add_argument("--rcml", type=Path, metavar="FILE", help="the document that an incoming call runs")
    source.add_argument("--voice-url", metavar="URL", help="where an incoming call's document is fetched")
    platform.add_argument(
        "--ready-file", type=Path, metavar="FILE", help="written as JSON once all of it answers"
    )
    platform.add_argument(
        "--client",
        action="append",
        default=[],
        metavar="NAME:PASSWORD",
        help="a softphone that may register; again for more",
    )
    platform.add_argument(
        "--policy", type=Path, metavar="FILE", help="the account's policy: trunks, host rules, limits"
    )
    platform.set_defaults(run=_up)

    placing = commands.add_parser("call", help="place a call through the REST API and follow it")
    placing.add_argument("--to", required=True, metavar="SIP-URI")
    placing.add_argument("--from", dest="from_", default="callapi", metavar="CALLER")
    document = placing.add_mutually_exclusive_group(required=True)
    document.add_argument("--rcml", type=Path, metavar="FILE")
    document.add_argument("--url", metavar="URL")
    placing.set_defaults(run=_call)

    tracing = commands.add_parser("trace", help="show one call from the log")
    tracing.add_argument("call", metavar="CALLSID")
    tracing.add_argument("--format", choices=FORMATS, default="ladder")
    tracing.set_defaults(run=_trace)

    showing = commands.add_parser("demo", help="play the demonstration: one dialled call from end to end")
    showing.set_defaults(run=_demo)
    return parser


def _up(options: argparse.Namespace) -> int:
    try:
        clients = tuple(map(client_from, options.client))
    except ValueError as error:  # not through argparse, which would show the password
        print(f"callapi: --client: {error}", file=sys.stderr)
        return 2
    try:
        policy = policy_from(options.policy)
    except (OSError, ValueError) as error:
        print(f"callapi: --policy: {error}", file=sys.stderr)
        return 2
    application = application_from(options.rcml, options.voice_url)
    return up(application, options.ready_file, clients, policy)


def _demo(options: argparse.Namespace) -> int:
    from .demo.play import demo

    # As an exception, so that everything it started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    return demo()


def _call(options: argparse.Namespace) -> int:
    document = {"Url": options.url} if options.url else {"Rcml": options.rcml.read_text()}
    return call(find_running().ready, {"To": options.to, "From": options.from_, **document})


def _trace(options: argparse.Namespace) -> int:
    print(FORMATS[options.format](moments(read_session(calls_table(), options.call))))
    return 0
