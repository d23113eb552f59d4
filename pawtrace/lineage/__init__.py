"""What a metric was made from: recorded while it is made, and traced afterwards."""
