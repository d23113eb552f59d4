"""Why a recipe's accuracy is what it is: facts, one table of verdicts, a rule for each, what to try next."""
