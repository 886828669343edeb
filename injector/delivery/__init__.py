"""How an app gets a value that the Secret gave it until now: the choice, and what is known of apps and charts."""
