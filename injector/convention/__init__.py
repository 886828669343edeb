"""A pod's label alone: the SecretMigrations that `phase2 plan` would write, computed of a cluster's objects. Pure."""
