"""Serve a forced-choice study on the loopback interface, one page that asks and stores."""

import socket
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jgen.applications.forced_choice.request_checks import (
    HEADERS,
    RefusedError,
    check_origin,
    read_answer,
    read_json,
    read_name,
)
from jgen.applications.forced_choice.store import ConflictError, Store, Trial
from jgen.errors import UsageError

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK, COOKIE = "127.0.0.1", "rater"
PAGE = {  # path -> file and type; nothing else is read from the disk
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


def create_app(store: Store, port: int) -> "Starlette":
    """Make the application of a study, for requests to 127.0.0.1 or localhost at a port.

    ========================  ====================================================================
    ``GET /``                 the page; ``/page.js`` and ``/page.css`` beside it
    ``POST /enter``           ``{name}``: begin, or go on where this rater was; sets the cookie
    ``GET /trial``            the rater's next trial
    ``POST /answer``          ``{trial, choice, milliseconds}``: store it, and return the next trial
    ``GET /image/NAME``       an image of one of the rater's trials, by a random name
    ========================  ====================================================================

    Refused: another host 421, another origin 403, no rater 401, another type 415, a large body 413, no JSON
    400, wrong contents 422, a second answer that differs 409, anything else 404 or 405.

    Args:
        store: The study.
        port: Port of the server, which requests must name.

    Raises:
        UsageError: If Starlette is not installed.
    """
    try:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.base import BaseHTTPMiddleware
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route
    except ImportError:
        raise UsageError('the server needs an extra: pip install "jgen[human]"') from None
    hosts = frozenset(f"{name}:{port}" for name in (LOOPBACK, "localhost"))
    folder = files("jgen.applications.forced_choice") / "page"
    pages = {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in PAGE.items()}

    async def guard(request: "Request", call_next: Any) -> "Response":
        try:
            check_origin(request, hosts)
            response = await call_next(request)
        except RefusedError as refused:
            response = await refuse(request, refused)
        response.headers.update(HEADERS)
        return response

    async def refuse(_: "Request", error: Exception) -> "Response":
        status = error.status if isinstance(error, RefusedError) else 409
        headers = {"Connection": "close"} if status == 413 else None  # the rest of the body is not read
        return JSONResponse({"error": str(error)}, status, headers)

    def shown(trial: Trial | None) -> "Response":
        if trial is None:
            raise RefusedError(401, "enter a name first")
        return JSONResponse(trial._asdict())

    async def file(request: "Request") -> "Response":
        content, kind = pages[request.url.path]
        return Response(content, media_type=kind)

    async def enter(request: "Request") -> "Response":
        token = store.enter(read_name(await read_json(request)))
        response = shown(store.trial(token))
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", max_age=30 * 24 * 3600)
        return response

    async def trial(request: "Request") -> "Response":
        return shown(store.trial(request.cookies.get(COOKIE, "")))

    async def answer(request: "Request") -> "Response":
        position, choice, milliseconds = read_answer(await read_json(request))
        return shown(store.answer(request.cookies.get(COOKIE, ""), position, choice, milliseconds))

    async def image(request: "Request") -> "Response":
        png = store.image(request.cookies.get(COOKIE, ""), request.path_params["name"])
        if png is None:
            raise RefusedError(404, "there is no such image")
        return Response(png, media_type="image/png")

    routes = [
        *(Route(path, file, methods=["GET"]) for path in PAGE),
        Route("/enter", enter, methods=["POST"]),
        Route("/trial", trial, methods=["GET"]),
        Route("/answer", answer, methods=["POST"]),
        Route("/image/{name}", image, methods=["GET"]),
    ]
    middleware = [Middleware(BaseHTTPMiddleware, dispatch=guard)]
    handlers: Any = {RefusedError: refuse, ConflictError: refuse}
    return Starlette(routes=routes, middleware=middleware, exception_handlers=handlers)


def listen(port: int) -> socket.socket:
    """Listen on the loopback interface alone, at a port, or at any free one for 0.

    Raises:
        UsageError: If the port is taken or may not be used.
    """
    try:
        return socket.create_server((LOOPBACK, port))
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on port {port} ({error}): choose another, or 0 for any") from None


def serve(store: Store, listener: socket.socket) -> None:
    """Serve a study until the process is interrupted.

    Args:
        store: The study.
        listener: What ``listen`` returned.

    Raises:
        KeyboardInterrupt: When the user stops it.
        UsageError: If Starlette or uvicorn is not installed.
    """
    create_server(store, listener.getsockname()[1]).run(sockets=[listener])


def create_server(store: Store, port: int) -> "uvicorn.Server":
    """Make the server of a study, whose ``run(sockets=[listener])`` serves it."""
    try:
        import uvicorn
    except ImportError:
        raise UsageError('the server needs an extra: pip install "jgen[human]"') from None
    options: Any = {"loop": "asyncio", "http": "h11", "ws": "none", "lifespan": "off"}
    options |= {"access_log": False, "log_level": "warning", "log_config": None, "server_header": False}
    options |= {
        "proxy_headers": False,
        "timeout_graceful_shutdown": 2,
        "h11_max_incomplete_event_size": 16384,
    }
    config = uvicorn.Config(create_app(store, port), **options)
    return uvicorn.Server(config)
