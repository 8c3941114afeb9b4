"""What is said to the gateway of text messages, and what its answers mean."""

import json
from base64 import b64encode
from collections.abc import Generator
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree.ElementTree import fromstring

import pytest

from portal.outbox import gateway
from portal.outbox.gateway import Gateway, Setting, Short, setting_from
from portal.outbox.mailer import Outcome, ServerClosed
from tests.outbox.web_sink import WebSink, reply

TEXT = 'Bonjour "Éloïse"\nhttps://x.example/r/abc {id} \\'


@pytest.fixture
def web() -> Generator[WebSink]:
    with WebSink() as sink:
        yield sink


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "STEP_SECONDS", 0.5)
    monkeypatch.setattr(gateway, "WHOLE_SECONDS", 1.0)


def send(web: WebSink, text: str = TEXT, **setting: Any) -> tuple[str, list[int]]:
    marked: list[int] = []
    with Gateway(Setting(setting.pop("url", web.url), **setting)) as way:
        return way.send(Short("+33612345678", text, "abc"), lambda: marked.append(len(web.requests))), marked


def test_a_message_is_one_request_with_its_values_escaped(web) -> None:
    said, marked = send(web, headers={"Authorization": "Bearer secret"}, success="status=queued", sender="Maison",
                        body='{"to": "{to}", "from": "{from}", "text": "{text}", "reference": "{id}"}')  # fmt: skip
    line, headers, body = web.requests[0]
    assert line == "POST /send HTTP/1.1"
    assert json.loads(body) == {"to": "+33612345678", "from": "Maison", "text": TEXT, "reference": "abc"}
    assert headers["authorization"] == "Bearer secret"
    assert headers["content-type"] == "application/json"
    assert said.startswith("200")
    assert marked == [0], "the attempt is marked before the text leaves"


@pytest.mark.parametrize(
    ("body", "kind", "read"),
    [
        ('{\n "text": "{text}", "to": "{to}"}', "application/json", lambda body: json.loads(body)["text"]),
        ('[{"text": "{text}", "to": "{to}"}]', "application/json", lambda body: json.loads(body)[0]["text"]),
        ("<sms to='{to}'><text>{text}</text></sms>", "application/xml", lambda body: fromstring(body)[0].text),  # noqa: S314 - our own
        ("{to}={text}", "application/x-www-form-urlencoded", lambda body: parse_qs(body)["+33612345678"][0]),
    ],
)
def test_a_body_is_escaped_as_what_it_is(web, body, kind, read) -> None:
    text = TEXT + ' </text><text> & "]}'
    send(web, body=body, text=text)
    _line, headers, sent = web.requests[0]
    assert headers["content-type"] == kind
    assert read(sent) == text


def test_a_form_and_an_address_are_escaped_their_way(web) -> None:
    send(web, body="to={to}&message={text}")
    assert parse_qs(web.requests[0][2])["message"] == [TEXT]
    send(web, url=f"{web.url}?key=k&to={{to}}&text={{text}}", method="GET", body="")
    asked = parse_qs(urlsplit(web.requests[1][0].split()[1]).query)
    assert asked == {"key": ["k"], "to": ["+33612345678"], "text": [TEXT]}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply("400 Bad Request"), "refused"),
        (reply("422 No"), "refused"),
        (reply("503 Busy"), "later"),
        (reply("429 Slow"), "later"),
        (reply("500 Oops"), "lost"),
        (reply("302 Found", "", "Location: http://127.0.0.1:1/elsewhere"), "lost"),
        (reply("303 See Other", "", "Location: http://127.0.0.1:1/elsewhere"), "lost"),
        (reply("502 Bad Gateway"), "lost"),
        ("close", "lost"),
        (None, "lost"),
        ("drip", "lost"),
        (b"nonsense\r\n\r\n", "lost"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nx", "lost"),
        (reply(body='{"status": "rejected"}'), "refused"),
        (reply(body="thank you"), "lost"),
        (reply(body="[1]"), "lost"),
        (reply(body='{"status": "' + "x" * 2_000_000 + '"}'), "lost"),
    ],
)
def test_what_an_answer_means(web, answer, outcome) -> None:
    web.answers, begun = [answer], monotonic()
    with pytest.raises(Outcome) as raised:
        send(web, success="status=queued")
    assert raised.value.outcome == outcome
    assert len(raised.value.answer) < 500
    assert monotonic() - begun < 4


@pytest.mark.parametrize("status", ["301 Moved", "308 Moved", "401 Unauthorized", "403 Forbidden", "404 Not Found"])
def test_a_gateway_that_lets_nobody_in_blames_no_message(web, status) -> None:
    web.answers = [reply(status, "", "Location: http://127.0.0.1:1/elsewhere")]
    with pytest.raises(ServerClosed):
        send(web)
    assert len(web.requests) == 1, "no redirect is followed"


def test_nobody_there_is_no_answer_lost(web) -> None:
    web.__exit__()
    with pytest.raises(ServerClosed):
        send(web, url="http://127.0.0.1:1/send")


def test_the_certificate_is_checked(web) -> None:
    with pytest.raises(ServerClosed):
        send(web, url=web.url.replace("http:", "https:"))


KEY = "sk-live-9aF3xQ"
LOGIN = b64encode(b"maison:m0t-de-passe").decode()


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "400 Bad Request", "500 Oops"])
@pytest.mark.parametrize("kind", ["json", "escaped", "text", "address"])
def test_what_is_kept_of_an_answer_repeats_no_secret_no_number_and_no_text(web, status, kind) -> None:
    body = json.dumps({"to": "{to}", "text": "{text}", "account": {"token": f"{KEY}-2", "no": 48151623}})
    heads = {"Authorization": f"Basic {LOGIN}", "X-Key": "hush hush"}
    setting = Setting(f"{web.url}?api_key={KEY}", body=body, headers=heads)
    echo = {
        "message": "queued", "to": "+33612345678", "number": "33 6 12 34 56 78", "text": TEXT, "id": "abc-reference",
        "key": KEY, "token": f"{KEY}-2", "no": 48151623, "auth": LOGIN, "user": "m0t-de-passe", "x": "HUSH hush",
    }  # fmt: skip
    written = {"json": json.dumps(echo, ensure_ascii=False), "escaped": json.dumps(echo).replace("/", r"\/"),
               "text": "\n".join(map(str, echo.values())), "address": urlencode(echo)}[kind]  # fmt: skip
    web.answers = [reply(status, written)]
    try:
        with Gateway(setting) as way:
            said = way.send(Short("+33612345678", TEXT, "abc-reference"), lambda: None)
    except (Outcome, ServerClosed) as end:
        said = str(end.answer if isinstance(end, Outcome) else end)
    assert status[:3] in said
    assert "queued" in said
    for secret in (KEY, LOGIN, "m0t-de-passe", "hush", "48151623", "612345678", "6 12 34", "Éloïse", "%C3%89lo",
                   "x.example", "r/abc", "abc-reference"):  # fmt: skip
        assert secret.lower() not in said.lower(), secret
    assert len(said) < 240


def test_a_secret_that_the_cut_would_halve_is_removed_whole(web) -> None:
    web.answers = [reply("400 No", "x" * 115 + KEY)]
    with pytest.raises(Outcome) as end:
        send(web, headers={"X-Key": KEY})
    assert "sk" not in end.value.answer


def test_a_secret_is_not_shown() -> None:
    setting = Setting("https://x.example?key=secret", body="key=secret", headers={"Authorization": "secret"})
    assert "secret" not in repr(setting)


@pytest.mark.parametrize(
    "setting",
    [
        {"url": "http://127.0.0.1:{port}/send?key=SECRET key"},
        {"url": "http://127.0.0.1:{port}/send?key=SECRÈT"},
        {"url": "http://127.0.0.1:SECRET/send"},
        {"url": "http://SECRET key/send"},
        {"headers": {"Authorization": "SECRET\u2019"}},
    ],
)
def test_what_cannot_be_written_blames_no_message_and_repeats_no_secret(web, setting) -> None:
    marked: list[int] = []
    given = {"url": web.url, **{name: _with_port(value, web) for name, value in setting.items()}}
    with Gateway(Setting(**given)) as way, pytest.raises(ServerClosed) as raised:
        way.send(Short("+33612345678", TEXT, "abc"), lambda: marked.append(1))
    assert "SECR" not in str(raised.value)
    assert not marked, "nothing has left"
    assert not web.requests


def _with_port(value: Any, web: WebSink) -> Any:
    return value.replace("{port}", str(web.port)) if isinstance(value, str) else value


@pytest.mark.parametrize(
    "wrong",
    [
        {"URL": "https://x.example/send?key=SECRET key"},
        {"URL": "https://x.example/é?key=SECRET"},
        {"URL": "https://user:SECRET@x.example/send"},
        {"HEADERS": '{"Authorization": "SECRET\u2019"}'},
        {"HEADERS": '{"Authorization:": "SECRET"}'},
        {"HEADERS": '{"X\\n": "SECRET"}'},
    ],
)
def test_such_settings_are_refused_at_the_start(wrong) -> None:
    fine = {"URL": "https://x.example/send?key=SECRET", "HEADERS": '{"Authorization": "SECRET"}'}
    assert setting_from({f"PORTAL_SMS_{name}": value for name, value in fine.items()})
    with pytest.raises(ValueError, match="PORTAL_SMS_") as raised:
        setting_from({f"PORTAL_SMS_{name}": value for name, value in (fine | wrong).items()})
    assert "SECRET" not in str(raised.value)


def test_headers_that_we_write_are_written_once(web) -> None:
    send(web, headers={"content-type": "application/json", "Content-Length": "7"})
    assert json.loads(web.requests[0][2])["text"] == TEXT
