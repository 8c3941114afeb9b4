# The portal's image: one for web, worker and ticker; compose.yaml says which is which.
# No secret goes in: the environment brings them when it runs.

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
# what the portal needs changes seldom: a layer of its own
COPY pyproject.toml README.md LICENSE ./
RUN mkdir portal && touch portal/__init__.py app.py wsgi.py \
    && python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir -e .
COPY . .
RUN .venv/bin/pybabel -q compile -d translations \
    && .venv/bin/python -m compileall -q portal app.py wsgi.py

FROM python:3.13-slim-trixie
# pg_dump and psql, for `flask backup` and `flask restore`: as new as the server in compose.yaml, or newer
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin suivi \
    && install -d -o suivi -g suivi -m 0700 /data /backups
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH FLASK_APP=wsgi PYTHONUNBUFFERED=1 \
    PORTAL_ENV=production PORTAL_DATA_DIR=/data HOME=/tmp
USER suivi
VOLUME ["/data", "/backups"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "--config", "python:portal.processes", "--no-control-socket", \
     "--worker-class", "gthread", "--workers", "2", "--threads", "16", "--graceful-timeout", "10", \
     "--log-level", "warning", "--worker-tmp-dir", "/dev/shm", "--bind", "0.0.0.0:8000", "wsgi:app"]
