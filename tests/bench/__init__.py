"""How fast Everreach is on this machine, always as a ratio to something in the same run."""
