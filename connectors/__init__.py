"""Translators between platforms' and providers' wire formats and ours. No I/O."""
