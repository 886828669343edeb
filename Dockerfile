# phase2 as an image without root and without need of a shell.
#   docker build -t phase2 .
#   docker run --rm -v "$PWD:/tree:ro" phase2 classify
# BASE builds and RUNTIME runs; both must have the same Python at the same path. RUNTIME may be an image without a shell.
ARG BASE=python:3.13-slim
ARG RUNTIME=${BASE}

FROM ${BASE} AS build
WORKDIR /source
COPY requirements/build.txt requirements/webhook.txt requirements/
RUN python3 -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements/build.txt \
 && python3 -m venv --without-pip /opt/phase2 \
 && /opt/build/bin/pip --python=/opt/phase2/bin/python3 install --no-cache-dir --no-deps --require-hashes -r requirements/webhook.txt
COPY pyproject.toml README.md LICENSE ./
COPY injector injector
COPY webhook webhook
RUN /opt/build/bin/python -m hatchling build -t wheel -d /opt/wheel \
 && /opt/build/bin/pip --python=/opt/phase2/bin/python3 install --no-cache-dir --no-deps --no-index /opt/wheel/*.whl

FROM ${RUNTIME}
COPY --from=build /opt/phase2 /opt/phase2
USER 65532:65532
WORKDIR /tree
ENTRYPOINT ["/opt/phase2/bin/phase2"]
CMD ["--help"]
