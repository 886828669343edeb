"""A tree that moves, with a planted secret in every place that a move touches, or stands beside."""

from __future__ import annotations

import base64
from typing import Final

from tests.property.planted import TEMPLATE, planted
from tests.unit.stages.moving import CONFIG, STORE

KUSTOMIZATION: Final = """\
# SECRET
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
resources:
  - store.yaml  # token: SECRET
  - db.yaml  # password SECRET
  # password: SECRET
  - web.yaml
  - mixed.yaml
  - chart.yaml
  - nightly.yaml
  - plain.yaml
configMapGenerator:
  - name: configured
    literals: [DB_PASSWORD=SECRET]
"""
DB: Final = """\
# the password was SECRET once
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: db
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"password":"SECRET"}'
    note: "SECRET"  # SECRET
spec:
  refreshInterval: 1h
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target:
    creationPolicy: Owner  # SECRET
    deletionPolicy: Delete
    template:
      metadata: {annotations: {note: SECRET}}
      data:
        # password: SECRET
        PGUSER: "{{ .user }}"  # SECRET
        PGPASSWORD: "{{ .password }}"
  data:
    # SECRET
    - secretKey: user
      remoteRef: {key: shop/db, property: user}  # token=SECRET
    - {secretKey: password, remoteRef: {key: shop/db, property: password}}
"""
MIXED: Final = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: mixed, annotations: {note: 'password=SECRET'}}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target:
    name: mixed
    template:
      data:
        PGUSER: "{{ .user }}"
        PGPASSWORD: "{{ .password }}"
        # SECRET
        API_TOKEN: "SECRET"
        COOKIE: "{{ .cookie }}"
        DATABASE_URL: 'postgres://app:SECRET@db.example.org/app'
  data:
    - {secretKey: user, remoteRef: {key: shop/mixed, property: user}}  # SECRET
    - {secretKey: password, remoteRef: {key: shop/mixed, property: password}}
    - {secretKey: cookie, remoteRef: {key: shop/mixed, property: cookie}}
"""
WEB: Final = """\
apiVersion: v1
kind: Secret
metadata: {name: beside}
stringData: {password: SECRET}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {note: 'password=SECRET'}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}  # SECRET
      annotations: {note: 'token=SECRET', checksum/config: SECRET}
    spec:
      serviceAccountName: web
      containers:
      - name: app
        image: ghcr.io/acme/shop:1
        command: ["/app", "--password=SECRET", '--dsn', 'postgres://app:SECRET@db/app']
        env:
        - {name: PASSWORD, value: SECRET}
        - name: PGHOST
          value: db.example.org  # SECRET
        # password: SECRET
        - name: PGUSER  # SECRET
          valueFrom: {secretKeyRef: {name: db, key: PGUSER}}
        - name: PGPASSWORD
          # SECRET
          valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}
        - name: SMTP_PASSWORD
          value: SECRET
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {password: SECRET}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: flow}
spec:
  selector: {matchLabels: {app: flow}}
  template:
    metadata: {labels: {app: flow}, annotations: {note: SECRET}}
    spec:
      serviceAccountName: flow
      containers:
      - {name: app, image: 'ghcr.io/acme/flow:1', command: [/app, SECRET], env: [{name: TOKEN, value: SECRET}, {name: PGHOST, value: db}, {name: PGUSER, valueFrom: {secretKeyRef: {name: mixed, key: PGUSER}}}, {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: mixed, key: PGPASSWORD}}}, {name: LAST, value: 'SECRET'}]}
      - {name: api, image: 'ghcr.io/acme/api:1', env: [{name: API_TOKEN, valueFrom: {secretKeyRef: {name: mixed, key: API_TOKEN}}}]}
"""
CHART: Final = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: grafana-db}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {name: grafana-db}
  data:
    - {secretKey: user, remoteRef: {key: shop/grafana, property: user}}
    - {secretKey: password, remoteRef: {key: shop/grafana, property: password}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: grafana}
spec:
  chart: {spec: {chart: grafana, sourceRef: {kind: HelmRepository, name: grafana}}}
  values:
    adminPassword: SECRET  # SECRET
    podAnnotations: {token: SECRET}
    env: {GF_DATABASE_TYPE: postgres, GF_DATABASE_HOST: db.example.org, GF_SMTP_PASSWORD: SECRET}
    envValueFrom:
      # password: SECRET
      GF_DATABASE_USER: {secretKeyRef: {name: grafana-db, key: user}}
      GF_DATABASE_PASSWORD: {secretKeyRef: {name: grafana-db, key: password}}  # SECRET
    grafana.ini:
      database: {type: postgres, host: db.example.org}
      security: {secret_key: SECRET}
"""
NIGHTLY: Final = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: nightly-db}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {name: nightly-db}
  data:
    - {secretKey: PGUSER, remoteRef: {key: shop/nightly, property: user}}
    - {secretKey: PGPASSWORD, remoteRef: {key: shop/nightly, property: password}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        metadata: {annotations: {note: SECRET}}
        spec:
          serviceAccountName: nightly
          containers:
          - name: app
            image: ghcr.io/acme/shop:1
            command: [/bin/sh, -c, 'psql "password=SECRET"']
            env:
            - {name: PGHOST, value: db.example.org}
            - {name: MAIL_PASSWORD, value: SECRET}
            volumeMounts: [{name: login, mountPath: /etc/login}]
          volumes:
          - name: login  # SECRET
            secret: {secretName: nightly-db}
"""
PLAIN: Final = """\
apiVersion: v1
kind: Secret
metadata: {name: plain, annotations: {note: SECRET}}
data: {password: BASE64}
stringData: {dsn: 'postgres://app:SECRET@db/app'}
---
apiVersion: v1
kind: Secret
metadata: {name: sopsed}
stringData: {password: 'ENC[AES256_GCM,data:SECRET,type:str]'}
sops: {mac: 'ENC[SECRET]'}
"""
DECIDED: Final = f"""\
{CONFIG}workloads:
  - {{namespace: shop, kind: HelmRelease, name: grafana, serviceAccount: grafana}}
overrides:
  - {{name: mixed, key: API_TOKEN, verdict: static, reason: a token}}
"""
MANIFESTS: Final = {
    "kustomization.yaml": KUSTOMIZATION,
    "store.yaml": STORE,
    "db.yaml": DB,
    "web.yaml": WEB,
    "mixed.yaml": MIXED,
    "chart.yaml": CHART,
    "nightly.yaml": NIGHTLY,
    "plain.yaml": PLAIN,
}


def moving(secret: str, *, is_broken: bool = False) -> dict[str, bytes]:
    """Return a tree whose ExternalSecrets can move, with `secret` in every other place.

    Args:
        secret: holds the canary.
        is_broken: beside it stands the tree of `planted`, with files that cannot be read.
    """
    encoded = base64.b64encode(secret.encode()).decode()
    found = {
        path: text.replace("SECRET", secret).replace("BASE64", encoded).encode() for path, text in MANIFESTS.items()
    }
    found["phase2.yaml"] = DECIDED.encode()
    if is_broken:
        found |= {f"more/{path}": data for path, data in planted(secret).items() if path in TEMPLATE}
    return found
