"""The review page's server: what it shows, what it writes, and whom it refuses."""

import http.client
import json
from pathlib import Path

import pytest

from pawtrace.base.errors import PawtraceError
from pawtrace.dataset.splitting.review import REVIEW, read_review
from pawtrace.review.board import Board
from pawtrace.review.server import MAX_PHOTO_BYTES, ReviewServer
from tests.dataset.photos import photo
from tests.review.conftest import COPY, ERROR, RAW, SUSPECT, TRUNCATED, WEB_PAGE

Answer = tuple[int, bytes, http.client.HTTPMessage]


def ask(server: ReviewServer, path: str, body: bytes | None = None, **headers: str | None) -> Answer:
    """Send a request as the page does, but for these headers; None leaves one out."""
    own = {"Host": f"127.0.0.1:{server.server_port}"}
    if body is not None:
        own |= {"Origin": f"http://127.0.0.1:{server.server_port}", "Content-Length": str(len(body))}
    sent = own | {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest("GET" if body is None else "POST", path, skip_host=True)
    for name, value in sent.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content, response.headers


def number_of(server: ReviewServer, file: str) -> int:
    return [card.doubt.file for card in server.board.cards].index(file)


def decide(server: ReviewServer, file: str, decision: str | None) -> Answer:
    body = json.dumps({"card": number_of(server, file), "decision": decision}).encode()
    return ask(server, "/decisions", body)


def test_every_kind_of_doubt_is_on_the_page_once_and_names_are_escaped(server: ReviewServer) -> None:
    status, page, _ = ask(server, "/")
    assert status == 200
    text = page.decode()
    for file in (RAW[0].id, SUSPECT, ERROR, TRUNCATED, WEB_PAGE):
        assert text.count(f'<p class="name">{file}</p>') == 1
    assert "again/&lt;b&gt;0.jpg" in text
    assert COPY.id not in text
    assert "labelled dog; from_scratch, which was not trained on that label, predicts cat (97.0 %)" in text
    assert "labelled cat; from_scratch predicts dog (99.0 %)" in text


def test_photos_and_attention_are_pictures_and_what_is_none_is_said(server: ReviewServer) -> None:
    for file in (RAW[0].id, SUSPECT, ERROR, TRUNCATED):
        status, content, headers = ask(server, f"/photo/{number_of(server, file)}")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert content.startswith(b"\xff\xd8")
    assert ask(server, f"/attention/{number_of(server, ERROR)}")[0] == 200
    assert ask(server, f"/photo/{number_of(server, WEB_PAGE)}")[0] == 404


def test_decisions_are_written_at_once_and_can_be_taken_back(server: ReviewServer) -> None:
    assert decide(server, SUSPECT, "cat")[0] == 200
    assert decide(server, COPY.id, "drop")[0] == 200
    assert read_review() == {SUSPECT: "cat", COPY.id: "drop"}
    assert json.loads(decide(server, SUSPECT, None)[1]) == {"num_decisions": 1}
    assert read_review() == {COPY.id: "drop"}
    assert b'data-decision="drop" aria-pressed="true"' in ask(server, "/")[1]


def test_a_line_that_somebody_wrote_meanwhile_stays(server: ReviewServer) -> None:
    REVIEW.write_text("file,decision\nother.jpg,dog\n")
    decide(server, SUSPECT, "keep")
    assert read_review() == {"other.jpg": "dog", SUSPECT: "keep"}
    REVIEW.write_text("what,ever\n")
    status, content, _ = decide(server, SUSPECT, "drop")
    assert status == 409
    assert "expected the columns file,decision" in json.loads(content)["error"]
    assert REVIEW.read_text() == "what,ever\n"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"x" * 11_000, b'{"card": -1, "decision": "drop"}',
        b'{"card": 0, "decision": "eat"}', b'{"card": 99, "decision": "drop"}',
        b'{"card": "0", "decision": "drop"}', b'{"card": 0, "decision": ["drop"]}',
    ],
)  # fmt: skip
def test_what_is_no_decision_changes_nothing(server: ReviewServer, body: bytes) -> None:
    assert ask(server, "/decisions", body)[0] in (400, 413)
    assert read_review() == {}


def test_a_rejected_file_can_only_be_dropped(server: ReviewServer) -> None:
    assert decide(server, TRUNCATED, "keep")[0] == 400
    assert decide(server, TRUNCATED, "drop")[0] == 200


@pytest.mark.parametrize("path", ["/", "/review.js", "/photo/0"])
@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "127.0.0.1:1", None])
def test_a_request_for_another_host_is_refused(server: ReviewServer, path: str, host: str | None) -> None:
    assert ask(server, path, Host=host)[0] == 403


@pytest.mark.parametrize("origin", ["http://example.org", "null", "http://127.0.0.1:1", None])
@pytest.mark.parametrize("path", ["/decisions", "/ask"])
def test_a_post_from_another_page_is_refused(server: ReviewServer, path: str, origin: str | None) -> None:
    body = json.dumps({"card": 0, "decision": "drop"}).encode()
    assert ask(server, path, body, Origin=origin)[0] == 403
    assert read_review() == {}


@pytest.mark.parametrize(
    "path",
    [
        "/../params.yaml", "/photo/../../params.yaml", "/photo/%2e%2e/params.yaml",
        "/review.css/../../params.yaml", "/photo/-1",
        "/photo/99", "/photo/%D9%A3", "/photo/" + 5000 * "9", "/attention/0/",
        "//etc/passwd", "/server.py", "/photo/",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(server: ReviewServer, path: str) -> None:
    Path("params.yaml").touch()
    assert ask(server, path)[0] == 404


def test_every_answer_forbids_other_pages_to_use_it(server: ReviewServer) -> None:
    for path in ("/", "/review.js", "/photo/0", "/nothing"):
        headers = ask(server, path)[2]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Access-Control-Allow-Origin"] is None


def test_the_server_listens_on_this_machine_only(server: ReviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_photo_gets_class_probability_attention_and_the_models_name(server: ReviewServer) -> None:
    status, content, _ = ask(server, "/ask", photo(5), X_File_Name="caf%C3%A9.jpg")
    assert status == 200
    said = json.loads(content)
    assert said["label"] in ("cat", "dog")
    assert 0.5 <= said["probability"] <= 1
    assert said["model"] == "models/from_scratch/model.keras"
    assert said["picture"].startswith("data:image/jpeg;base64,")
    assert said["attention"] != said["picture"]


def test_what_is_no_photo_is_named(server: ReviewServer) -> None:
    status, content, _ = ask(server, "/ask", b"<html>hello</html>")
    assert status == 400
    assert "HTML page" in json.loads(content)["error"]
    assert ask(server, "/ask", b"", Content_Length=str(MAX_PHOTO_BYTES + 1))[0] == 413
    assert ask(server, "/ask", b"", Content_Length=None)[0] == 411


def test_a_port_that_is_taken_is_named_with_the_way_on(server: ReviewServer) -> None:
    port = server.server_port
    with pytest.raises(PawtraceError, match=f"port {port} .*add --port {port + 1}"):
        ReviewServer(port, Board([]), lambda *_: {})
