"""Long-running programs that collect facts and send them by the uplink."""
