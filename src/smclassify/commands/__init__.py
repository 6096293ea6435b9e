"""The commands, one module each: options and wiring, no computation."""
