"""The page that searches an index, and the small server behind it."""
