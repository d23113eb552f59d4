"""Why a metric moved between two revisions, and whether files are still what DVC recorded."""
