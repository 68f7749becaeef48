"""Kills parts of a real installation under load, again and again, and checks what was promised afterwards."""
