"""Real processes, killed at random under load, beside providers that misbehave."""
