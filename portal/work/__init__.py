"""Work longer than a second: a row with done and total, a result, a failure in words. Leave and come back."""
