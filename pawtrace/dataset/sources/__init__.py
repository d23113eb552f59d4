"""Where photos come from (stage download): archives, formats, cats_vs_dogs, drawn pictures."""
