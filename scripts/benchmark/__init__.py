"""Measuring releases end to end: a real server, a real database, a lean client, and the floors beneath them."""
