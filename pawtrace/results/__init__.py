"""What a finished recipe left in models/, read; paired comparisons of recipes."""
