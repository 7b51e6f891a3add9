"""How Twilio says no. The codes: https://www.twilio.com/docs/api/errors"""

from typing import Any


class TwilioError(Exception):
    """Twilio says no."""

    def __init__(self, status: int, code: int, message: str) -> None:
        """`status` is the HTTP status, `code` what matters."""
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


def refused(code: int, message: str) -> TwilioError:
    """The request is wrong."""
    return TwilioError(400, code, message)
