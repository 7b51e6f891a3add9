"""The set-up file: one account's connections, senders, messages and reminders, as YAML."""

from core.services.setup.apply import Address, Change, Report, apply
from core.services.setup.schema import setup_schema

__all__ = ["Address", "Change", "Report", "apply", "setup_schema"]
