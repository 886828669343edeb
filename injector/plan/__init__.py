"""From verdicts to proposed SecretMigrations: which value is read where, who gets it how, and what a person must say."""
