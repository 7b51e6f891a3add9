"""Pictures, videos and documents, which Meta fetches from their address.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages#media-object
"""

from typing import Any

from core.errors import ContentError
from core.message.content import Media, MediaKind


def attached(media: Media, place: str) -> dict[str, Any]:
    """Media as a header has it. Raises ContentError naming the place."""
    return {"type": str(media.kind), str(media.kind): linked(media, place)}


def linked(media: Media, place: str) -> dict[str, Any]:
    """Media by its address. Raises ContentError naming the place."""
    if not media.url.startswith(("https://", "http://")):
        raise ContentError(f"{place} has no address that Meta could fetch it from")
    named = media.name and media.kind is MediaKind.DOCUMENT
    return {"link": media.url, **({"filename": media.name} if named else {})}
