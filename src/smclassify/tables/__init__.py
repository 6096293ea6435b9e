"""Rows of users' files: read as a stream with all their warts, written back with new cells and nothing else changed."""
