"""What people read (stage report): the ladder, claims, charts, the page."""
