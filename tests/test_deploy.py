"""What an administrator copies fits the portal: units, containers, alarms, and the commands that the page names."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml
from flask import Flask

from portal import config, logs, processes
from portal.metrics import gauges

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
READ = set(re.findall(r'"(PORTAL_[A-Z_]+)"', (ROOT / "portal/config.py").read_text(encoding="utf-8")))


def known(app: Flask, words: list[str]) -> bool:
    """Whether `flask …` has such a command, with such options."""
    command: click.Command = app.cli
    for word in words:
        if word.startswith("-"):
            if word not in {option for parameter in command.params for option in parameter.opts}:
                return False
        elif isinstance(command, click.Group):
            found = command.commands.get(word)
            if found is None:
                return False
            command = found
    return True


def commands_of(unit: Path) -> list[list[str]]:
    text = unit.read_text(encoding="utf-8").replace("\\\n", " ")
    return [shlex.split(line) for line in re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_what_there_is(app: Flask, unit: Path) -> None:
    for program, *words in commands_of(unit):
        if program.endswith("/flask"):
            assert words[:2] == ["--app", "wsgi"]
            assert known(app, words[2:]), words


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_gives_no_more_rights_than_needed(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    for line in ("User=suivi", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "UMask=0077"):
        assert re.search(rf"^{re.escape(line)}$", text, re.MULTILINE), line


def test_the_web_server_is_the_same_under_systemd_in_a_container_and_from_flask_up() -> None:
    from portal.supervisor import Supervisor

    (unit,) = commands_of(DEPLOY / "suivi-web.service")
    docker = " ".join(
        re.findall(r'"([^"]+)"', (ROOT / "Dockerfile").read_text(encoding="utf-8").rpartition("CMD [")[2])
    )
    up = Supervisor.__new__(Supervisor)
    up.host, up.port = "127.0.0.1", 8000
    ours = [word for word in up._gunicorn()[3:] if not word.startswith("127.")]
    for word in ours:
        assert word in unit, word
        assert word in docker.split(), word
    assert "--access-logfile" not in [*unit, *docker.split()], "an access log of gunicorn's would hold paths"


def test_gunicorn_reads_its_hooks_and_its_manner_of_logging_where_the_unit_says() -> None:
    assert callable(processes.post_fork)
    assert callable(processes.on_starting)
    assert processes.logconfig_dict["loggers"] == logs.settings(production=True)["loggers"]


def test_every_setting_is_explained_and_none_is_invented() -> None:
    example = set(
        re.findall(r"^#?(PORTAL_[A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert example <= READ
    assert READ - example == set()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [name for name in READ if f"`{name}`" not in readme]


def test_the_example_lacks_only_what_one_must_choose(tmp_path: Path) -> None:
    """Filled in as the page says, it starts."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, re.MULTILINE))
    with pytest.raises(config.ConfigError, match="PORTAL_SECRET_KEY is missing; PORTAL_LINK_KEYS is missing"):
        config.load(given | {"PORTAL_DATA_DIR": str(tmp_path)})
    secrets = {"PORTAL_SECRET_KEY": "s" * 64, "PORTAL_LINK_KEYS": "l" * 64, "PORTAL_DATA_DIR": str(tmp_path)}
    assert config.load(given | secrets)["PORTAL_ENV"] == "production"


OF_THE_BUCKET = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT"}  # read by `obstore`


def test_the_containers_run_what_there_is_with_settings_that_there_are(app: Flask) -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert set(services) == {"migrate", "web", "worker", "ticker", "db", "redis"}
    for name in ("migrate", "web", "worker", "ticker"):
        environment = services[name]["environment"]
        assert set(environment) <= READ | OF_THE_BUCKET
        command = services[name].get("command", ["flask"])
        assert command[0] == "flask"
        assert command[1:2] == ["db"] or known(app, command[1:]), command
    assert "noeviction" in services["redis"]["command"]
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert not [name for name in named if f"\n{name}=" not in example]


def test_no_secret_and_no_data_gets_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert {".git", ".env", "instance", "**/*.db"} <= set(ignored)
    assert not re.search(r"^(ENV|ARG).*(KEY|PASSWORD|TOKEN)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_every_alarm_asks_for_figures_that_there_are(app: Flask) -> None:
    with app.app_context():
        there = {gauge.name for gauge in gauges()}
    rules = yaml.safe_load((DEPLOY / "alarms.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"suivi_\w+", rule["expr"])}
    assert asked <= there
    assert set(re.findall(r"suivi_[a-z0-9_]+", PAGE)) <= there
    assert not [name for name in there if name not in PAGE], "the page explains every figure"


def test_the_page_names_commands_that_there_are(app: Flask) -> None:
    named = re.findall(r"(?:^|`|&& |web |suivi-ticker && )(?:suivi|flask) ([a-z][a-z -]*[a-z])", PAGE, re.MULTILINE)
    assert len(named) > 10
    unknown = [words for words in named if not words.startswith("db ") and not known(app, words.split())]
    assert not unknown


@pytest.mark.parametrize("fails", [True, False])
def test_the_line_for_cron_mails_what_is_wrong_and_leaves_no_file(tmp_path: Path, fails: bool) -> None:
    (line,) = re.findall(r"^30 6 \* \* \* root (.*)$", PAGE, re.MULTILINE)
    assert "%" not in line, "cron reads it as the end of a line"
    for name, text in (("suivi", f"echo 'disk: full' >&2; exit {int(fails)}"), ("mail", f"cat >{tmp_path}/sent")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    line = line.replace("/usr/local/bin/suivi", f"{tmp_path}/suivi").replace("mail -s", f"{tmp_path}/mail -s")
    subprocess.run(["/bin/sh", "-c", line], check=False)
    sent = tmp_path / "sent"
    assert (sent.read_text(encoding="utf-8") if sent.exists() else None) == ("disk: full\n" if fails else None)
    assert not re.search(r">\s*/tmp/", PAGE), "a name in /tmp that others can guess is theirs to plant"


def test_the_page_names_files_that_there_are() -> None:
    assert not [name for name in re.findall(r"\bdeploy/([\w.@-]+\w)", PAGE) if not (DEPLOY / name).exists()]


def test_nginx_says_anew_who_asks_and_keeps_paths_out_of_its_log() -> None:
    site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in site
    assert "proxy_add_x_forwarded_for" not in site
    form = site.partition("log_format")[2].partition(";")[0]
    assert not re.search(r"\$(remote_addr|request\b|request_uri|uri|args|http_referer|http_user_agent)", form)
    assert "location = /metrics { return 404; }" in site
