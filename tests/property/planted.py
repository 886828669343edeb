"""A tree in which every place that may hold a secret holds a planted one."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Mapping
from typing import Final

from tests.canary import CANARY

TEMPLATE: Final[Mapping[str, str]] = {
    "clusters/home/sync.yaml": """\
        apiVersion: source.toolkit.fluxcd.io/v1
        kind: GitRepository
        metadata: {name: flux-system, namespace: flux-system}
        spec: {url: 'https://bot:SECRET@git.example/home.git'}
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: flux-system, namespace: flux-system}
        spec:
          path: ./clusters/home
          sourceRef: {kind: GitRepository, name: flux-system}
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: apps, namespace: flux-system}
        spec:
          path: ./apps
          postBuild:
            substitute: {DB_PASSWORD: SECRET, DSN: 'postgres://app:SECRET@db:5432/app'}
            substituteFrom: [{kind: Secret, name: vars}, {kind: ConfigMap, name: settings}]
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: vars, namespace: flux-system}
        stringData: {TOKEN: SECRET}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: flux-system}
        data: {ADMIN_PASSWORD: SECRET}
        """,
    "apps/kustomization.yaml": """\
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - secrets.yaml
          - workloads.yaml
          - charts.yaml
          - eso.yaml
          - broken.yaml
          - https://bot:SECRET@github.com/org/repo//deploy?ref=v1
          - https://gone.example/x.yaml?token=SECRET
        secretGenerator:
          - name: generated
            namespace: app
            literals: [PASSWORD=SECRET]
            files: [file.txt]
            envs: [some.env]
        configMapGenerator:
          - name: configured
            namespace: app
            literals: ['DATABASE_URL=postgres://app:SECRET@db/app', DB_PASSWORD=SECRET]
            options: {disableNameSuffixHash: true}
        patches:
          - patch: |
              apiVersion: v1
              kind: Secret
              metadata: {name: plain, namespace: app}
              stringData: {patched: SECRET}
          - target: {kind: Secret, name: plain}
            patch: |
              - {op: add, path: /stringData/other, value: SECRET}
              - {op: nonsense, path: /stringData/other, value: SECRET}
          - target: {kind: Secret, name: nowhere}
            patch: 'SECRET'
        patchesStrategicMerge:
          - '{apiVersion: v1, kind: Secret, metadata: {name: plain, namespace: app}, stringData: {more: SECRET}}'
          - 'password: SECRET'
        replacements:
          - source: {kind: Secret, name: plain, namespace: app, fieldPath: stringData.dsn}
            targets:
              - select: {kind: Deployment}
                fieldPaths: ['spec.template.spec.containers.[name=web].env.[name=COPIED].value']
        """,
    "apps/some.env": "# a comment\nPASSWORD2=SECRET\n",
    "apps/file.txt": "SECRET",
    "apps/secrets.yaml": """\
        apiVersion: v1
        kind: Secret
        metadata:
          name: plain
          namespace: app
          annotations:
            kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"password":"SECRET"}}'
        data: {password: BASE64}
        stringData:
          user: app
          dsn: postgres://app:SECRET@db:5432/app
          config.yaml: |
            database: {password: SECRET}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: sopsed, namespace: app}
        stringData: {password: 'ENC[AES256_GCM,data:SECRET,type:str]'}
        sops: {mac: 'ENC[SECRET]'}
        ---
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: {name: sealed, namespace: app}
        spec: {encryptedData: {password: SECRET}, template: {data: {dsn: 'postgres://app:SECRET@db/app'}}}
        ---
        apiVersion: v1
        kind: List
        items:
          - apiVersion: v1
            kind: Secret
            metadata: {name: listed, namespace: app}
            stringData: {password: SECRET, password: SECRET}
        """,
    "apps/workloads.yaml": """\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: app, annotations: {note: 'password=SECRET'}}
        spec:
          template:
            spec:
              containers:
                - name: web
                  image: registry/web:1
                  command: [web, --password=SECRET, '--dsn', 'postgres://app:SECRET@db/app']
                  args: ['-c', 'mysql -uroot -pSECRET; curl -H "Authorization: Bearer SECRET" x']
                  env:
                    - {name: PASSWORD, value: SECRET}
                    - {name: DB_PASSWORD, value: 'SECRET'}
                    - {name: DATABASE_URL, value: 'postgres://app:SECRET@db:5432/app?sslmode=disable'}
                    - {name: REDIS_URL, value: 'redis://:SECRET@redis:6379/0'}
                    - {name: JDBC, value: 'jdbc:postgresql://db/app?user=app&password=SECRET'}
                    - {name: CONNECTION, value: 'host=db user=app password=SECRET'}
                    - {name: API_TOKEN, value: '${TOKEN:=SECRET}'}
                    - {name: FILLED, value: '${DB_PASSWORD}'}
                    - {name: FILLED_DSN, value: '${DSN}'}
                    - {name: COPIED, value: x}
                    - {name: USER, valueFrom: {secretKeyRef: {name: plain, key: user}}}
                  envFrom:
                    - secretRef: {name: generated}
                    - secretRef: {name: login}
                    - configMapRef: {name: configured}
        """,
    "apps/charts.yaml": """\
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: chart, namespace: app}
        spec:
          chart: {spec: {chart: grafana}}
          values:
            adminPassword: SECRET
            auth: {password: SECRET, existingSecret: login, secretKey: SECRET, usePasswordFiles: false}
            postgresql: {auth: {postgresPassword: SECRET}}
            env: {DB_PASSWORD: SECRET, DATABASE_URL: 'mysql://app:SECRET@db/app'}
            envFromSecret: plain
            extraEnvVars: [{name: TOKEN, value: SECRET}]
            fooSecret: SECRET
            tokenSecret: SECRET
            config: |
              password: SECRET
            extraObjects:
              - apiVersion: v1
                kind: Secret
                metadata: {name: extra}
                stringData: {password: SECRET}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: argo, namespace: argocd}
        spec:
          source:
            repoURL: https://bot:SECRET@git.example/x
            chart: redis
            helm:
              parameters: [{name: auth.password, value: SECRET}, {name: auth.existingSecret, value: login}]
              values: |
                auth: {password: SECRET}
          destination: {namespace: app}
        """,
    "apps/eso.yaml": """\
        apiVersion: external-secrets.io/v1
        kind: SecretStore
        metadata: {name: vault, namespace: app}
        spec: {provider: {vault: {server: 'https://admin:SECRET@vault:8200', path: secret, auth: {tokenSecretRef: {name: plain, key: password}}}}}
        ---
        apiVersion: external-secrets.io/v1
        kind: SecretStore
        metadata: {name: fake, namespace: app}
        spec: {provider: {fake: {data: [{key: a, value: SECRET}]}}}
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: {name: login, namespace: app}
        spec:
          secretStoreRef: {name: vault}
          target:
            template:
              data:
                PASSWORD: SECRET
                DATABASE_URL: 'postgres://app:SECRET@db/app'
                url: 'postgres://{{ .user }}:SECRET@db/app'
                mixed: 'user={{ .user }} password=SECRET'
                defaulted: '{{ .user | default "SECRET" }}'
              templateFrom:
                - literal: |
                    literal_password: SECRET
                    literal_url: redis://:SECRET@redis
          data: [{secretKey: user, remoteRef: {key: app/db, property: user}}]
        ---
        apiVersion: external-secrets.io/v1alpha1
        kind: PushSecret
        metadata: {name: push, namespace: app}
        spec:
          secretStoreRefs: [{name: vault}]
          selector: {secret: {name: plain}}
          template: {data: {password: SECRET}}
          data: [{match: {secretKey: password, remoteRef: {remoteKey: a, property: b}}}]
        ---
        apiVersion: secrets.hashicorp.com/v1beta1
        kind: VaultStaticSecret
        metadata: {name: vso, namespace: app}
        spec:
          mount: secret
          path: a
          destination: {name: vso, transformation: {templates: {dsn: {text: 'postgres://a:SECRET@db'}}}}
        ---
        apiVersion: postgresql.cnpg.io/v1
        kind: Cluster
        metadata: {name: pg, namespace: app}
        spec: {bootstrap: {initdb: {database: app, owner: app, postInitSQL: ["ALTER ROLE app PASSWORD 'SECRET'"]}}}
        """,
    "apps/broken.yaml": """\
        apiVersion: v1
        kind: Secret
        metadata: {name: broken}
        stringData:
          password: SECRET
         token: [SECRET
        """,
    "apps/left.yaml": """\
        apiVersion: v1
        kind: Secret
        metadata: {name: orphan, namespace: app}
        stringData: {password: SECRET}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: orphan, namespace: app}
        spec:
          containers:
            - {name: a, image: b, env: [{name: PASSWORD, value: SECRET}], envFrom: [{secretRef: {name: orphan}}]}
        ---
        password: SECRET
        ? {SECRET: x}
        : y
        """,
    "left/dup.json": '{"kind": "Secret", "apiVersion": "v1", "stringData": {"a": "SECRET", "a": "SECRET",}, }',
    "left/tab.yaml": "password: SECRET\n\tx: SECRET\n",
    "left/latin.yaml": "password: SECRET\n",
}


def planted(secret: str) -> dict[str, bytes]:
    """Return the tree with `secret`, which holds the canary, in every place."""
    assert CANARY in secret
    encoded = base64.b64encode(secret.encode()).decode()
    found = {
        path: textwrap.dedent(text).replace("SECRET", secret).replace("BASE64", encoded).encode()
        for path, text in TEMPLATE.items()
    }
    found["left/latin.yaml"] += b"\xff"
    return found
