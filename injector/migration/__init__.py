"""SecretMigration: the reviewed decision of how one ExternalSecret moves, in one YAML document."""
