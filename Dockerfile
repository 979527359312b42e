# The service on the CPU. docs/deployment.md says how to run it.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY docs/model-card.md docs/
COPY src src
RUN python -m venv --without-pip /opt/ekspresi \
    && pip --python /opt/ekspresi/bin/python install --no-cache-dir --disable-pip-version-check './[serve]'

FROM python:3.13-slim
RUN pip uninstall --yes pip && useradd --system --no-create-home --no-log-init --uid 10001 ekspresi
COPY --from=build /opt/ekspresi /opt/ekspresi
ENV PATH=/opt/ekspresi/bin:$PATH PYTHONUNBUFFERED=1 EKSPRESI_SERVE_HOST=0.0.0.0
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["ekspresi", "serve"]
