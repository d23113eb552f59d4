"""Speed claims: each module measures one, both sides in one run."""
