"""The texts that a generated tree is made of, shaped and sized as they stand in public GitOps repositories."""

from __future__ import annotations

import json
from random import Random
from typing import Final

WORDS: Final = [
    "alder",
    "birch",
    "cedar",
    "comet",
    "delta",
    "ember",
    "fjord",
    "garnet",
    "harbor",
    "indigo",
    "jasper",
    "kelp",
    "linden",
    "maple",
    "nectar",
    "onyx",
    "pine",
    "quartz",
    "raven",
    "sable",
    "tundra",
    "umber",
    "violet",
    "willow",
    "yarrow",
    "zephyr",
]
_DATABASES: Final = ("postgres", "mariadb", "mongodb", "redis")
_TOKENS: Final = ("API_KEY", "OAUTH_CLIENT_SECRET", "SESSION_SECRET", "SMTP_PASSWORD", "S3_SECRET_ACCESS_KEY")


def flux_kustomization(name: str, path: str, *, after: str = "") -> str:
    """Return a Flux Kustomization that deploys `path`, with variables and perhaps a predecessor."""
    depends = f"\n  dependsOn:\n    - name: {after}" if after else ""
    return f"""---
# yaml-language-server: $schema=https://schemas.invalid/kustomize.toolkit.fluxcd.io/kustomization_v1.json
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: &app {name}
  namespace: flux-system
spec:
  commonMetadata:
    labels:
      app.kubernetes.io/name: *app{depends}
  interval: 30m
  path: ./{path}
  postBuild:
    substitute:
      APP: *app
    substituteFrom:
      - kind: ConfigMap
        name: cluster-settings
        optional: true
  prune: true
  retryInterval: 1m
  sourceRef:
    kind: GitRepository
    name: flux-system
  timeout: 5m
  wait: false
"""


def kustomization(entries: list[str], more: str = "") -> str:
    """Return a kustomization that lists `entries`."""
    listed = "\n".join(f"  - {entry}" for entry in entries)
    return f"---\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{listed}\n{more}"


def external_secret(app: str, namespace: str, rng: Random) -> str:
    """Return an ExternalSecret of a database login and some tokens, now plain, now by a template."""
    database = rng.choice(_DATABASES)
    tokens = rng.sample(_TOKENS, rng.randint(1, 3))
    head = f"""---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {app}
  namespace: {namespace}
spec:
  refreshInterval: 1h
  secretStoreRef:
    kind: ClusterSecretStore
    name: vault
  target:
    name: {app}-secret
    creationPolicy: Owner
"""
    if rng.random() < 0.4:  # noqa: PLR2004 - the share of ExternalSecrets with a template
        lines = "".join(f'        {token}: "{{{{ .{token} }}}}"\n' for token in tokens)
        return (
            f"{head}    template:\n      engineVersion: v2\n      data:\n{lines}"
            f'        DATABASE_URL: "{database}://{{{{ .DB_USERNAME }}}}:{{{{ .DB_PASSWORD }}}}@{database}.database.svc/{app}"\n'
            f"  dataFrom:\n    - extract:\n        key: apps/{app}\n    - extract:\n        key: databases/{app}\n"
        )
    keys = ["DB_USERNAME", "DB_PASSWORD", *tokens]
    return f"{head}  data:\n" + "".join(
        f"    - secretKey: {key}\n      remoteRef:\n        key: apps/{app}\n        property: {key.lower()}\n"
        for key in keys
    )


def helm_release(app: str, namespace: str, rng: Random) -> str:
    """Return a HelmRelease of the chart that most home clusters use for everything."""
    database = rng.choice(_DATABASES)
    env = "".join(
        f"              {app.upper().replace('-', '_')}__{word.upper()}: {rng.choice(['true', '8080', 'info', word])}\n"
        for word in rng.sample(WORDS, rng.randint(2, 8))
    )
    return f"""---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: {app}
  namespace: {namespace}
spec:
  interval: 1h
  chart:
    spec:
      chart: app-template
      version: 3.{rng.randint(0, 9)}.1
      sourceRef:
        kind: HelmRepository
        name: charts
        namespace: flux-system
  install:
    remediation:
      retries: 3
  upgrade:
    cleanupOnFail: true
    remediation:
      strategy: rollback
      retries: 3
  values:
    controllers:
      {app}:
        annotations:
          reloader.stakater.com/auto: "true"
        containers:
          app:
            image:
              repository: ghcr.io/example/{app}
              tag: {rng.randint(1, 9)}.{rng.randint(0, 40)}.0@sha256:{rng.getrandbits(256):064x}
            env:
              TZ: Europe/Paris
              DB_HOST: {database}-rw.database.svc.cluster.local
              DB_TYPE: {database}
{env}            envFrom:
              - secretRef:
                  name: {app}-secret
            probes:
              liveness: &probes
                enabled: true
                custom: true
                spec:
                  httpGet:
                    path: /healthz
                    port: &port 8080
                  initialDelaySeconds: 0
                  periodSeconds: 10
                  timeoutSeconds: 1
                  failureThreshold: 3
              readiness: *probes
            securityContext:
              allowPrivilegeEscalation: false
              readOnlyRootFilesystem: true
              capabilities: {{ drop: ["ALL"] }}
            resources:
              requests:
                cpu: 10m
              limits:
                memory: {rng.randint(1, 8) * 128}Mi
    defaultPodOptions:
      securityContext:
        runAsNonRoot: true
        runAsUser: 65534
        runAsGroup: 65534
        seccompProfile: {{ type: RuntimeDefault }}
    service:
      app:
        controller: {app}
        ports:
          http:
            port: *port
    ingress:
      app:
        className: internal
        hosts:
          - host: "{app}.${{SECRET_DOMAIN}}"
            paths:
              - path: /
                service:
                  identifier: app
                  port: http
    persistence:
      config:
        existingClaim: {app}
      tmp:
        type: emptyDir
"""


def workload(app: str, namespace: str, rng: Random) -> dict[str, str]:
    """Return a Deployment, its Service and its Ingress, as file name -> text."""
    by_key = "".join(
        f"            - name: {key}\n              valueFrom:\n                secretKeyRef:\n"
        f"                  name: {app}-secret\n                  key: {key}\n"
        for key in ("DB_USERNAME", "DB_PASSWORD", rng.choice(_TOKENS))
    )
    literal = "".join(
        f'            - name: {word.upper()}\n              value: "{rng.randint(1, 9000)}"\n'
        for word in rng.sample(WORDS, rng.randint(1, 6))
    )
    labels = f"app.kubernetes.io/name: {app}"
    deployment = f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
  namespace: {namespace}
  labels:
    {labels}
spec:
  replicas: {rng.randint(1, 3)}
  strategy:
    type: RollingUpdate
  selector:
    matchLabels:
      {labels}
  template:
    metadata:
      labels:
        {labels}
      annotations:
        reloader.stakater.com/auto: "true"
    spec:
      serviceAccountName: {app}
      initContainers:
        - name: wait
          image: docker.io/library/busybox:1.36
          command: ["sh", "-c", "until nc -z {rng.choice(_DATABASES)}.database.svc 5432; do sleep 1; done"]
      containers:
        - name: {app}
          image: ghcr.io/example/{app}:v{rng.randint(1, 9)}.{rng.randint(0, 40)}.{rng.randint(0, 9)}
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
          env:
            - name: DB_HOST
              value: {rng.choice(_DATABASES)}.database.svc.cluster.local
{by_key}{literal}          livenessProbe:
            httpGet:
              path: /healthz
              port: http
            initialDelaySeconds: 10
            periodSeconds: 10
          readinessProbe:
            httpGet:
              path: /ready
              port: http
          resources:
            requests:
              cpu: 50m
              memory: 64Mi
            limits:
              memory: {rng.randint(1, 8) * 128}Mi
          volumeMounts:
            - name: config
              mountPath: /etc/{app}
              readOnly: true
            - name: tls
              mountPath: /etc/tls
      volumes:
        - name: config
          configMap:
            name: {app}-config
        - name: tls
          secret:
            secretName: {app}-tls
            optional: true
"""
    service = f"""apiVersion: v1
kind: Service
metadata:
  name: {app}
  namespace: {namespace}
  labels:
    {labels}
spec:
  type: ClusterIP
  selector:
    {labels}
  ports:
    - name: http
      port: 80
      targetPort: http
      protocol: TCP
"""
    ingress = f"""apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {app}
  namespace: {namespace}
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt
    nginx.ingress.kubernetes.io/proxy-body-size: "0"
spec:
  ingressClassName: nginx
  tls:
    - hosts:
        - {app}.example.invalid
      secretName: {app}-tls
  rules:
    - host: {app}.example.invalid
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {app}
                port:
                  name: http
"""
    return {"deployment.yaml": deployment, "service.yaml": service, "ingress.yaml": ingress}


def claim(app: str, namespace: str, rng: Random) -> str:
    """Return a PersistentVolumeClaim."""
    return f"""---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {app}
  namespace: {namespace}
spec:
  accessModes: ["ReadWriteOnce"]
  resources:
    requests:
      storage: {rng.randint(1, 50)}Gi
  storageClassName: ceph-block
"""


def network_policy(app: str, namespace: str, rng: Random) -> str:
    """Return a NetworkPolicy."""
    ports = "".join(f"        - port: {rng.randint(80, 9000)}\n          protocol: TCP\n" for _ in range(3))
    return f"""apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {app}
  namespace: {namespace}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {app}
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: ingress
      ports:
{ports}"""


def alerts(app: str, namespace: str, rng: Random) -> str:
    """Return a PrometheusRule of about 3 KB."""
    rules = "".join(
        f"""        - alert: {app.title().replace("-", "")}{word.title()}
          expr: |
            sum by (namespace, pod) (rate({app.replace("-", "_")}_{word}_errors_total{{job="{app}"}}[5m]))
              / sum by (namespace, pod) (rate({app.replace("-", "_")}_{word}_total{{job="{app}"}}[5m])) > 0.{rng.randint(1, 9)}
          for: {rng.randint(1, 30)}m
          labels:
            severity: {rng.choice(["warning", "critical"])}
          annotations:
            summary: "{word} of {{{{ $labels.pod }}}} fails"
            description: The rate of failed {word} requests has been above the limit for a while.
"""
        for word in rng.sample(WORDS, 6)
    )
    return f"""---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {app}
  namespace: {namespace}
spec:
  groups:
    - name: {app}.rules
      rules:
{rules}"""


def config_map(name: str, namespace: str, files: dict[str, str]) -> str:
    """Return a ConfigMap with `files` as literal blocks."""
    data = "".join(
        f"  {key}: |\n" + "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
        for key, text in files.items()
    )
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata:\n{data}"


def script(rng: Random, lines: int) -> str:
    """Return a shell script."""
    made = ["#!/bin/sh", "set -eu", ""]
    for _ in range(lines):
        word, other = rng.sample(WORDS, 2)
        made.append(
            rng.choice([f'echo "{word}: ${{{other.upper()}:-none}}"', f"curl -fsS http://{word}/{other} || exit 1"])
        )
    return "\n".join(made)


def dashboard(rng: Random, panels: int) -> str:
    """Return a Grafana dashboard as JSON, about 1.1 KB a panel."""
    made = {
        "annotations": {"list": []},
        "editable": True,
        "panels": [_panel(number, rng) for number in range(panels)],
        "schemaVersion": 39,
        "tags": rng.sample(WORDS, 3),
        "time": {"from": "now-6h", "to": "now"},
        "title": " ".join(rng.sample(WORDS, 2)),
        "uid": f"{rng.getrandbits(40):010x}",
    }
    return json.dumps(made, indent=2)


def _panel(number: int, rng: Random) -> dict[str, object]:
    word = rng.choice(WORDS)
    return {
        "id": number,
        "type": "timeseries",
        "title": f"{word} per second",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "fieldConfig": {
            "defaults": {"color": {"mode": "palette-classic"}, "unit": "reqps", "custom": {"lineWidth": 1}},
            "overrides": [],
        },
        "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
        "options": {"legend": {"calcs": ["mean", "max"], "displayMode": "table"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {
                "expr": f'sum(rate({word}_requests_total{{namespace="$namespace"}}[$__rate_interval])) by (pod)',
                "refId": one,
            }
            for one in ("A", "B")
        ],
    }


def custom_resource_definition(name: str, rng: Random, fields: int) -> str:
    """Return a CustomResourceDefinition, about 0.45 KB a field."""
    made = "".join(
        f"""                {word}{number}:
                  description: |-
                    {word.title()} is what the operator waits for before it goes on with the next step of its work.
                    More info: https://example.invalid/docs/{word}/{number}
                  properties:
                    enabled:
                      default: true
                      type: boolean
                    interval:
                      pattern: ^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$
                      type: string
                  type: object
"""
        for number, word in enumerate(rng.choice(WORDS) for _ in range(fields))
    )
    return f"""---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    controller-gen.kubebuilder.io/version: v0.16.1
  name: {name}s.example.invalid
spec:
  group: example.invalid
  names:
    kind: {name.title()}
    plural: {name}s
    singular: {name}
  scope: Namespaced
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          properties:
            spec:
              properties:
{made}              type: object
          type: object
      served: true
      storage: true
"""


def sops_secret(app: str, namespace: str, rng: Random) -> str:
    """Return a Secret that SOPS has encrypted; the ciphertext is random."""
    data = "".join(
        f"  {key}: ENC[AES256_GCM,data:{rng.getrandbits(96):024x},iv:{rng.getrandbits(128):032x},"
        f"tag:{rng.getrandbits(128):032x},type:str]\n"
        for key in rng.sample(_TOKENS, 2)
    )
    key = "\n".join(f"            {rng.getrandbits(250):063x}" for _ in range(5))
    return f"""apiVersion: v1
kind: Secret
metadata:
  name: {app}-sops
  namespace: {namespace}
stringData:
{data}sops:
  age:
    - recipient: age1{"q" * 58}
      enc: |
        -----BEGIN AGE ENCRYPTED FILE-----
{key}
        -----END AGE ENCRYPTED FILE-----
  encrypted_regex: ^(data|stringData)$
  lastmodified: "2026-01-01T00:00:00Z"
  mac: ENC[AES256_GCM,data:{rng.getrandbits(256):064x},type:str]
  version: 3.9.0
"""


STORE: Final = """apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata:
  name: vault
spec:
  provider:
    vault:
      server: https://vault.vault.svc:8200
      path: secret
      version: v2
      auth:
        kubernetes:
          mountPath: kubernetes
          role: external-secrets
"""
