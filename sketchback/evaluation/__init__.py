"""How near a generated photograph is to the true one, and whether it shows the same person."""
