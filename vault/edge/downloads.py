"""Files that somebody else uploaded: given out to be saved, never to be shown or run as part of this site."""

from urllib.parse import quote

from litestar import Response

_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


def download(content: bytes, name: str, media_type: str) -> Response[bytes]:
    """The answer: an attachment under its name (RFC 6266, RFC 8187), in a sandbox of its own."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _POLICY,
    }
    return Response(content, media_type=media_type, headers=headers)
