"""How near a generated photograph is to the true one, and who it shows."""
