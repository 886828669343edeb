"""Lines of manifests for eyes that do not see the manifests."""

from __future__ import annotations

import pytest

from injector.edit.hiding import hide, is_hidden


@pytest.mark.parametrize(
    "line",
    [
        "      valueFrom: {secretKeyRef: {name: db, key: PGUSER}}\n",
        "    - secretKey: PGPASSWORD\n",
        "      remoteRef: {key: shop/db, property: password}\n",
        "  refreshInterval: 1h\n",
        "apiVersion: phase2.tazlab.net/v1alpha1\n",
        "  persistentVolumeClaim:\n",
        "            allowPrivilegeEscalation: false\n",
        "  # Its own database login, by env \u2014 see the README.\n",
        '        PGPASSWORD: "{{ .password }}"\n',
        "          value: /vault/secrets/db/password\n",
        "          value: 8080  # its port\n",
        '          value: "${DOMAIN}"\n',
        "  creationPolicy: Owner\r\n",
        "kind: ClusterExternalSecret\n",
        "        phase2.tazlab.net/secrets: db,grafana-db\n",
        "",
    ],
)
def test_what_only_names_things_is_shown(line: str) -> None:
    assert hide(line) == line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  value: hunter\n", "  value: <redacted>\n"),
        ("- {name: A, value: hunter}, {name: B}\n", "- {name: A, value: <redacted>}, {name: B}\n"),
        ("  key: aX9!kQ\n", "  key: <redacted>\n"),
        ("  name: sk-12345\n", "  name: <redacted>\n"),
        ("  a.example/secrets: db,aX9!kQ\n", "  a.example/secrets: db<redacted>\n"),
        ("  # password: hunter\n", "  # password: <redacted>\n"),
        ("  stage: x  # aX9kQ2vv7\n", "  stage: x  # <redacted>\n"),
        ("  url: postgres://a:hunter@db/x\n", "  url: postgres://<redacted>@db/x\n"),
    ],
)
def test_what_may_be_a_secret_is_not(line: str, shown: str) -> None:
    assert hide(line) == shown
    assert is_hidden(line)


def test_hiding_twice_hides_no_more() -> None:
    once = hide("- {name: A, value: hunter}  # token=aX9\n")

    assert hide(once) == once
