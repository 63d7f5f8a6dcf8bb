"""Refuse requests that do not come from the study's own page: hosts, origins, sizes, types, contents."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST_BODY = 4096
LONGEST_NAME = 60
LONGEST_TIME = 10**9
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class RefusedError(Exception):
    """Request that is refused.

    Attributes:
        status: Status of HTTP.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def check_origin(request: "Request", hosts: frozenset[str]) -> None:
    """Refuse a request under another host name, as by DNS rebinding, or from a page of another origin.

    Raises:
        RefusedError: 421 for another or no host, 403 for another origin, or a POST without one.
    """
    if request.headers.getlist("host") not in [[host] for host in hosts]:
        raise RefusedError(421, "this server answers to its loopback address only")
    origins = request.headers.getlist("origin")
    own = f"http://{request.headers['host']}"
    if (origins or request.method == "POST") and origins != [own]:
        raise RefusedError(403, "requests of other origins are refused")
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise RefusedError(403, "requests of other sites are refused")


async def read_json(request: "Request") -> dict[str, Any]:
    """Read the body of a request as a JSON object, of at most 4,096 bytes.

    Raises:
        RefusedError: 415 for another type, 413 for a larger body, 400 for what is no JSON object.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "the body must be application/json")
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise RefusedError(400, "the content length is no number")
    if len(length) > 9 or int(length) > LARGEST_BODY:
        raise RefusedError(413, f"the body is longer than {LARGEST_BODY} bytes")
    body = b""
    async for part in request.stream():  # which may be longer than its header says
        body += part
        if len(body) > LARGEST_BODY:
            raise RefusedError(413, f"the body is longer than {LARGEST_BODY} bytes")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "the body is no JSON") from None
    if not isinstance(value, dict):
        raise RefusedError(400, "the body is no JSON object")
    return value


def read_name(value: dict[str, Any]) -> str:
    """Read the name of a rater.

    Raises:
        RefusedError: 422 for anything but 1 to 60 printable characters.
    """
    name = value.get("name")
    if set(value) != {"name"} or not isinstance(name, str):
        raise RefusedError(422, "the body must be {name: text}")
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise RefusedError(422, f"a name is 1 to {LONGEST_NAME} printable characters")
    return name


def read_answer(value: dict[str, Any]) -> tuple[int, str, int]:
    """Read the trial, the choice and the time of an answer.

    Raises:
        RefusedError: 422 for other fields, types or ranges.
    """
    if set(value) != {"trial", "choice", "milliseconds"}:
        raise RefusedError(422, "the body must be {trial, choice, milliseconds}")
    trial, choice, milliseconds = (value[name] for name in ("trial", "choice", "milliseconds"))
    if choice not in ("left", "right"):
        raise RefusedError(422, "choice must be left or right")
    for name, number in (("trial", trial), ("milliseconds", milliseconds)):
        if type(number) is not int or not 0 <= number <= LONGEST_TIME:
            raise RefusedError(422, f"{name} must be a whole number of 0 to {LONGEST_TIME}")
    return trial, choice, milliseconds
