"""Vault's secrets engines that issue credentials on demand: the words that reports, configuration and plans share."""

from __future__ import annotations

from typing import Final

DATABASE_SYSTEMS: Final = (
    "cassandra", "couchbase", "elasticsearch", "influxdb", "mongodb", "mssql", "mysql", "oracle", "postgresql", "redis",
    "snowflake",
)  # fmt: skip
"""What the ``database`` engine has a plugin for. Source: https://developer.hashicorp.com/vault/docs/secrets/databases

A system that speaks another's protocol goes by that one's name: MariaDB is ``mysql``, Valkey ``redis``.
"""

ENGINES: Final = (
    "aws", "azure", "consul", "database", *(f"database/{system}" for system in DATABASE_SYSTEMS), "gcp", "kubernetes",
    "ldap", "nomad", "pki", "rabbitmq", "ssh", "terraform",
)  # fmt: skip
"""``<engine>``, or ``<engine>/<system>`` where one engine issues logins of several systems."""

ASKED: Final = ("kubernetes", "pki")
"""Engines that are asked by a write: what only a person knows goes along with each request for a credential."""
