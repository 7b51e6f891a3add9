"""The set-up file: one account's connections, senders, messages and reminders, as YAML."""

from core.services.setup.apply import Address, Change, Latest, Report, apply
from core.services.setup.running import Rule, Running
from core.services.setup.schema import setup_schema

__all__ = [
    "Address",
    "Change",
    "Latest",
    "Report",
    "Rule",
    "Running",
    "apply",
    "setup_schema",
]
