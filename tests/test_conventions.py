"""The house rules: what a newcomer can rely on everywhere, because a test looks."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import nodes
from werkzeug.routing import AnyConverter, IntegerConverter, PathConverter, UnicodeConverter

from portal import wiring  # noqa: F401 - fills the wires
from portal.accounts.models import User
from portal.audit.models import KINDS
from portal.extensions import wires
from portal.headers import EXCEPTIONS
from portal.portals import PORTALS
from portal.roles import GRANTS, Permission, Role
from portal.settings.models import OPTIONS

ROOT = Path(__file__).resolve().parent.parent
SHARED = {"layouts", "components", "mails", "pdf", "errors", "home", "menus", "styleguide"}
ORDER = [
    "audit", "settings", "tables", "outbox", "accounts", "work", "imports", "files", "controls", "people",
    "organisation", "visits", "notes", "threads", "ratings", "incidents", "complaints", "adverse_events", "reports",
    "setup",
]  # fmt: skip
# what stands above the features: it may import any of them
TOP = {
    "app",
    "wsgi",
    "portal.wiring",
    "portal.demo",
    "portal.demo_history",
    "portal.demo_people",
    "portal.demo_large",
    "portal.demo_reports",
    "portal.demo_rows",
    "portal.demo_talks",
    "portal.supervisor",
    "portal.doctor",
    "portal.metrics",
    "portal.backup",
    "portal.restore",
    "portal.health",
    "portal.styleguide",
    "portal.sessions",
    "portal.cli",
}
# frames that lean on a higher feature for the person at work; each with its reason
ALLOWED = {
    "outbox": {"accounts"},  # the outbox page asks who looks
    "audit": set(),
}
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of ours, parsed, by its name."""
    found = {}
    for path in [*sorted((ROOT / "portal").rglob("*.py")), ROOT / "app.py", ROOT / "wsgi.py"]:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


@cache
def templates() -> dict[str, str]:
    """Every template, by its name."""
    folder = ROOT / "templates"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}


def pages() -> dict[str, str]:
    return {name: text for name, text in templates().items() if name.endswith(".html")}


def without_comments(text: str) -> str:
    return re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)


def features() -> set[str]:
    return {path.parent.name for path in (ROOT / "portal").glob("*/__init__.py")}


def faults(found: Iterable[str]) -> None:
    """Fail with all that was found, one a line."""
    listed = sorted(found)
    assert not listed, "\n" + "\n".join(listed)


# ---- routes ----


def test_every_route_of_a_portal_names_a_permission(app: Flask) -> None:
    for name, portal in PORTALS.items():
        endpoints = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{name}.")}
        assert endpoints == set(portal.permissions)


def test_every_permission_is_granted_and_used(app: Flask) -> None:
    used = {permission for portal in PORTALS.values() for permission in portal.permissions.values()}
    assert used == set(Permission)
    assert set(GRANTS) == set(Role)
    assert set.union(*GRANTS.values()) == set(Permission)


def test_a_role_has_no_permission_for_which_its_portal_has_no_page() -> None:
    for portal in PORTALS.values():
        for role in portal.roles:
            assert GRANTS[role] <= set(portal.permissions.values()), role


def test_addresses_are_kebab_case_and_their_parts_are_typed(app: Flask) -> None:
    odd = []
    for rule in app.url_map.iter_rules():
        plain = re.sub(r"<[^>]+>", "x", rule.rule)
        if not re.fullmatch(r"(/|(/[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)?)+/?)", plain):
            odd.append(rule.rule)
        for name, converter in rule._converters.items():
            kinds = {"token": UnicodeConverter, "filename": PathConverter}
            if not isinstance(converter, kinds.get(name, (IntegerConverter, AnyConverter))):
                odd.append(f"{rule.rule}: {name} has no type")
            if not isinstance(converter, kinds.get(name, object)):
                odd.append(f"{rule.rule}: {name} is no {kinds[name]}")
    faults(odd)


def test_policies_of_their_own_belong_to_pages_that_there_are(app: Flask) -> None:
    assert set(EXCEPTIONS) <= {rule.endpoint for rule in app.url_map.iter_rules()}
    assert all("script-src" not in policy and "default-src 'none'" in policy for policy in EXCEPTIONS.values())


# ---- code ----


def imports_of(name: str, tree: ast.Module) -> Iterator[str]:
    """Modules of ours that a module reads when it is imported or when it runs; those only for types are left out."""
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (
                f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in modules()
            )
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def feature_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "portal" and parts[1] in features() else None


def test_the_order_of_the_features_is_written_on_the_map() -> None:
    said = (ROOT / "portal/__init__.py").read_text(encoding="utf-8")
    words = [word for line in said.splitlines() if "→" in line for word in re.findall(r"\w+", line)]
    assert [word for word in words if word not in ("frames", "domain", "top")] == ORDER
    assert set(ORDER) == features()


def test_a_feature_imports_only_those_below_it() -> None:
    found = []
    for name, tree in modules().items():
        own = feature_of(name)
        for imported in imports_of(name, tree):
            other = feature_of(imported)
            upwards = own and other and ORDER.index(other) > ORDER.index(own)
            if upwards and other not in ALLOWED.get(own, ()):
                found.append(f"{name} imports {imported}, which stands above it")
            if own and imported in TOP and imported != "portal.cli":
                found.append(f"{name} imports {imported}")
    faults(sorted(set(found)))


def test_a_permission_to_import_upwards_is_still_needed() -> None:
    used = {
        (feature_of(name), feature_of(imported))
        for name, tree in modules().items()
        for imported in imports_of(name, tree)
    }
    faults(
        f"{own} no longer imports {other}"
        for own, others in ALLOWED.items()
        for other in others
        if (own, other) not in used
    )


def test_a_module_is_at_most_300_lines_and_a_function_40() -> None:
    found = []
    for name, tree in modules().items():
        length = (
            len((ROOT / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8").splitlines())
            if (ROOT / f"{name.replace('.', '/')}.py").exists()
            else 0
        )
        if length > LONGEST_MODULE:
            found.append(f"{name} has {length} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found.append(f"{name}.{node.name} has {lines} lines")
    faults(found)


def test_every_module_and_every_feature_says_what_it_is() -> None:
    faults(
        f"{name} has no docstring" for name, tree in modules().items() if not ast.get_docstring(tree) and name != "wsgi"
    )


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_only_the_clock_reads_the_time() -> None:
    readers = {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "dt.datetime.now",
        "dt.date.today",
        "time.time",
    }
    faults(
        f"{name}:{call.lineno} {ast.unparse(call.func)}"
        for name, tree in modules().items()
        if name != "portal.clock"
        for call in calls(tree)
        if ast.unparse(call.func) in readers
    )


def test_no_text_is_declared_safe() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
        and ast.unparse(node).endswith(("Markup", "render_template_string"))
    ]
    found += [name for name, text in templates().items() if re.search(r"\|\s*safe\b|autoescape\s+false", text)]
    faults(found)


def test_sql_is_never_put_together_from_strings() -> None:
    faults(
        f"{name}:{call.lineno} {ast.unparse(call)[:80]}"
        for name, tree in modules().items()
        for call in calls(tree)
        if ast.unparse(call.func).rpartition(".")[2] in ("text", "exec_driver_sql", "literal_column")
        and call.args
        and not isinstance(call.args[0], ast.Constant | ast.IfExp | ast.Name)
    )


def test_every_sentence_to_translate_is_written_out() -> None:
    """`_(variable)` or `_(f"…")` can never be found by the one who collects them."""
    names = {"_": 1, "_l": 1, "gettext": 1, "lazy_gettext": 1, "ngettext": 2, "lazy_ngettext": 2}
    faults(
        f"{name}:{call.lineno} {ast.unparse(call)[:80]}"
        for name, tree in modules().items()
        for call in calls(tree)
        for count in [names.get(ast.unparse(call.func), 0)]
        if any(not isinstance(arg, ast.Constant) for arg in call.args[:count])
    )


def test_no_sentence_stands_inside_an_f_string() -> None:
    """The one who collects sentences does not look into `f"{_('…')}"`: it would be shown in English for ever."""
    names = {"_", "_l", "gettext", "lazy_gettext", "ngettext", "lazy_ngettext", "pgettext", "lazy_pgettext"}
    faults(
        f"{name}:{call.lineno} {ast.unparse(call)[:80]}"
        for name, tree in modules().items()
        for text in ast.walk(tree)
        if isinstance(text, ast.JoinedStr)
        for call in calls(text)
        if ast.unparse(call.func) in names
    )


def test_only_actions_jobs_and_the_edge_commit() -> None:
    """Actions flush; whoever answers the person commits."""
    edge = {
        "routes", "second_factor_routes", "own", "public", "cli", "jobs", "leases", "demo", "portals", "importer",
        "models", "env",
    }  # fmt: skip
    found = [
        f"{name}:{call.lineno}"
        for name, tree in modules().items()
        for call in calls(tree)
        if ast.unparse(call.func) == "db.session.commit" and name.rpartition(".")[2] not in edge
    ]
    faults(found)


# ---- the journal, the options, the messages ----


def constants(tree: ast.Module) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_kind_of_deed_is_recorded_somewhere() -> None:
    recorded = {
        value
        for name, tree in modules().items()
        for call in calls(tree)
        if ast.unparse(call.func).rpartition(".")[2] in ("record", "record_all", "record_deed", "record_refusal")
        and name != "portal.audit.actions"
        for value in [getattr(call.args[0], "value", None)]
    }
    assert recorded - {None} == set(KINDS)
    assert None not in recorded, "a kind is a literal, so that a reader finds it"


def test_every_option_is_read_somewhere() -> None:
    code = {value for name, tree in modules().items() if name != "portal.settings.models" for value in constants(tree)}
    prefixes = {"agency.privacy_"}
    faults(key for key in OPTIONS if key not in code and not any(key.startswith(prefix) for prefix in prefixes))


def test_every_option_that_is_read_is_in_the_list() -> None:
    faults(
        f"{name}:{call.lineno} {call.args[0].value}"
        for name, tree in modules().items()
        for call in calls(tree)
        if ast.unparse(call.func) == "option"
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value not in OPTIONS
    )


@pytest.mark.parametrize("kind", wires.message_kinds)
def test_every_kind_of_message_has_a_text_and_a_page(kind: str) -> None:
    template = wires.message_kinds[kind].template
    assert {f"mails/{template}.txt", f"mails/{template}.html"} <= set(templates())


def test_a_query_takes_the_person_first() -> None:
    """`visible_…` starts from who looks: a perimeter is never an `if` afterwards."""
    found = []
    for name, tree in modules().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("visible_"):
                first = node.args.args[0]
                if ast.unparse(first.annotation or first) != User.__name__:
                    found.append(f"{name}.{node.name}")
    faults(found)


# ---- templates ----


@pytest.mark.parametrize("name", templates())
def test_every_template_compiles(app: Flask, name: str) -> None:
    app.jinja_env.get_template(name)


def test_folders_of_templates_are_features() -> None:
    assert {name.partition("/")[0] for name in templates()} <= features() | SHARED


def test_fragments_never_extend_and_pages_always_do(app: Flask) -> None:
    found = []
    for name, text in pages().items():
        folder, _, file = name.rpartition("/")
        if folder in ("components", "mails") or name == "layouts/base.html":
            continue
        extends = bool(list(app.jinja_env.parse(text).find_all(nodes.Extends)))
        if extends == (file.startswith("_") and folder != "layouts"):
            found.append(f"{name} {'extends' if extends else 'does not extend'}")
    faults(name for name in found if name != "layouts/_after.html does not extend")


def test_every_template_begins_with_a_comment_on_what_it_reads() -> None:
    faults(name for name, text in pages().items() if not text.startswith("{#"))


def test_a_class_has_one_block_of_rules_of_its_own() -> None:
    """Two things of one name undo each other: once the bars of a chart took the portals' menu off the phone."""
    style = re.sub(r"/\*.*?\*/", "", (ROOT / "static/portal.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    alone = re.findall(r"^(\.[\w-]+) \{", style, re.MULTILINE)  # at the margin: not for one width or for paper
    assert len(alone) > 200
    assert sorted({name for name in alone if alone.count(name) > 1}) == []


def test_no_code_and_no_style_stands_in_a_template() -> None:
    bad = re.compile(r"hx-on|\son[a-z]+=|javascript:|js:|<script(?![^>]*\ssrc=)|hx-vals|hx-eval", re.IGNORECASE)
    plain = {name: without_comments(text) for name, text in pages().items()}
    found = [f"{name}: {match[0]}" for name, text in plain.items() for match in bad.finditer(text)]
    mailed = re.compile(r"\sstyle=|<style", re.IGNORECASE)
    found += [
        f"{name}: a style" for name, text in pages().items() if not name.startswith("mails/") and mailed.search(text)
    ]
    faults(found)


def test_what_htmx_does_a_plain_browser_can_do() -> None:
    """The strict browser looks at every page it meets; this looks at what no test meets."""
    found = []
    for name, text in pages().items():
        tags = r"<(?:form|a|button)\b(?:[^>{]|\{\{.*?\}\}|\{%.*?%\})*>"
        for tag in re.findall(tags, without_comments(text), flags=re.DOTALL):
            needs = {"<form": "action=", "<a": "href=", "<button": "formaction="}[tag.partition(" ")[0]]
            if re.search(r"hx-(get|post)=", tag) and needs not in tag:
                found.append(f"{name}: {tag[:90]}")
    faults(found)


def test_what_polls_says_so_because_nobody_may_be_at_it() -> None:
    """A page that is left open must not keep its session alive."""
    polls = {name: re.findall(r'<[^<>]*hx-trigger="[^"]*every [^>]*>', text) for name, text in pages().items()}
    assert any(polls.values())
    faults(f"{name}: {tag[:90]}" for name, tags in polls.items() for tag in tags if "X-Poll" not in tag)


def test_every_event_that_is_sent_has_a_listener() -> None:
    sent = {
        str(keyword.value.value)
        for tree in modules().values()
        for call in calls(tree)
        if ast.unparse(call.func).rpartition(".")[2] in ("done", "answer")
        for keyword in call.keywords
        if keyword.arg == "event" and isinstance(keyword.value, ast.Constant)
    }
    assert sent
    heard = "\n".join([*templates().values(), (ROOT / "static/portal.js").read_text(encoding="utf-8")])
    listeners = set(re.findall(r'(?:close_on=|data-close-on=|hx-trigger=)"([^"]*)"', heard))
    words = {word for listener in listeners for word in re.split(r"[\s,]+", listener)}
    words |= set(re.findall(r'addEventListener\("([\w-]+)"', heard))
    faults(event for event in sent if event not in words)


def test_every_template_is_shown_by_something() -> None:
    said = {value for tree in modules().values() for value in constants(tree)}
    said |= set(re.findall(r'["\']([\w/]+\.html)["\']', "\n".join(templates().values())))
    mailed = {f"mails/{kind.template}.html" for kind in wires.message_kinds.values()}
    chosen = {"layouts/client.html", "layouts/worker.html", "layouts/staff.html"}  # f"layouts/{portal}.html"
    faults(name for name in pages() if name not in said | mailed | chosen)


def test_every_icon_that_is_drawn_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text(encoding="utf-8")))
    drawn = {name for text in templates().values() for name in re.findall(r'icon\("([\w-]+)"', text)}
    drawn |= {
        call.args[2].value
        for call in calls(modules()["portal.menus"])
        if ast.unparse(call.func) == "Entry" and isinstance(call.args[2], ast.Constant)
    }
    faults(drawn - sprite)


# ---- what we did not write ----


def test_vendored_files_are_as_their_authors_published_them() -> None:
    folder = ROOT / "static/vendor"
    table = dict(
        re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (folder / "VENDOR.md").read_text(), re.MULTILINE)
    )
    files = {path.name for path in folder.iterdir() if not path.name.endswith(("LICENSE.txt", ".md"))}
    assert set(table) == files
    for name, digest in table.items():
        assert sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_nothing_is_fetched_from_another_host() -> None:
    sources = {name: text for name, text in pages().items() if not name.startswith("mails/")}
    sources |= {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "static").glob("portal.*")}
    found = []
    for name, text in sources.items():
        if re.search(r"""(?:src|href|url|import)\s*[=(]\s*["']?(?:https?:)?//""", text):
            found.append(name)
    faults(found)
