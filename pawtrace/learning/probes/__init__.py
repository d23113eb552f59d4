"""What can be said of a network and its data before it trains: a module a probe; `probe` runs them all."""
