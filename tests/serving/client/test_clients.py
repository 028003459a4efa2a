"""The client against a server that works, and against servers that fail in each way that a server can."""

import base64
import io
import json
import os
import subprocess
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from PIL import Image

from tfgan_thyroid.client import main
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.client.grpc_client import GrpcClient
from tfgan_thyroid.serving.client.rest_client import RestClient
from tfgan_thyroid.serving.png_files import is_whole, with_text


def a_png():
    file = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(file, "PNG")
    return file.getvalue()


def answer_of(png):
    return {"predictions": [{"b64": base64.b64encode(png).decode()}]}


class FailingServer:
    """Answers each request with the next of some prepared answers: (status, body, bytes to hold back)."""

    def __init__(self, *answers):
        self.answers, self.logins = list(answers), []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                self.rfile.read(int(self.headers["Content-Length"]))
                owner.logins.append(self.headers["Authorization"])
                status, body, missing = owner.answers.pop(0)
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) - missing])

            def log_message(self, *arguments):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def fail_with():
    servers = []

    def start(*answers):
        servers.append(FailingServer(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


GOOD = (200, answer_of(a_png()), 0)


def test_the_client_asks_again_after_failures_that_may_pass_and_waits_longer_each_time(fail_with, connect):
    pauses = []
    server = fail_with((503, {"error": "loading"}, 0), (200, answer_of(a_png()), 5), (429, b"", 0), GOOD)
    assert connect(server, "thyroid", pause=pauses.append).images([1]) == [a_png()]
    assert len(pauses) == 3
    for attempt, pause in enumerate(pauses):
        assert 0.25 * 2**attempt <= pause <= 0.5 * 2**attempt


def test_the_client_gives_up_after_its_retries(fail_with, connect):
    server = fail_with(*[(503, {"error": "loading"}, 0)] * 3)
    with pytest.raises(UserError, match=r"answered 503: loading \(attempts: 3\)"):
        connect(server, "thyroid", retries=2, pause=lambda _: None).images([1])
    assert server.answers == []


def test_the_client_does_not_repeat_a_request_that_is_wrong(fail_with, connect):
    server = fail_with((400, {"error": "bad seed"}, 0), GOOD)
    with pytest.raises(UserError, match="answered 400: bad seed"):
        connect(server, "thyroid").images([1])
    assert len(server.answers) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, answer_of(a_png()), 7), "broke off after"),
        ((404, {"error": "Servable not found for request: Latest(thyroid)"}, 0), "does not serve .*--model"),
        ((200, b"<html>", 0), "something else than a JSON object"),
        ((200, {"outputs": []}, 0), "answered no predictions"),
        ((200, {"predictions": []}, 0), "as many images"),
        ((200, {"predictions": [[0.5]]}, 0), "no image_bytes"),
        ((200, answer_of(a_png()[:-1]), 0), "damaged PNG"),
        ((200, answer_of(a_png()[:40] + b"x" + a_png()[41:]), 0), "damaged PNG"),
        ((500, b"", 0), "answered 500: Internal Server Error"),
    ],
)
def test_each_failure_is_told_by_what_it_is(fail_with, connect, answer, message):
    with pytest.raises(UserError, match=message):
        connect(fail_with(answer), "thyroid", retries=0).images([1])


def test_a_server_that_stays_silent_is_given_up(connect):
    import socket

    class Silent:
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    with Silent.listener, pytest.raises(UserError, match="did not answer in time"):
        connect(Silent, "thyroid", timeout=0.1, retries=0).images([1])


def test_a_png_file_is_whole_only_with_all_its_bytes_unchanged():
    png = a_png()
    assert is_whole(png)
    assert not any(is_whole(png[:length]) for length in range(len(png)))
    assert not any(is_whole(png[:i] + bytes([png[i] ^ 1]) + png[i + 1 :]) for i in range(len(png)))
    assert not is_whole(png + b"x")


def test_text_is_written_into_a_png_file_without_touching_the_image():
    labelled = with_text(a_png(), {"Synthetic": "true", "Seed": "7"})
    assert is_whole(labelled)
    with Image.open(io.BytesIO(labelled)) as image, Image.open(io.BytesIO(a_png())) as plain:
        assert image.text == {"Synthetic": "true", "Seed": "7"}
        assert image.tobytes() == plain.tobytes()
    assert zlib.crc32(b"IEND").to_bytes(4, "big") == labelled[-4:]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:99999", "http://127.0.0.1:abc", "http://127.0.0.1:0", "http://[::1", "http://a..b",
     f"http://{'a' * 64}", "http://host/v 1", "http://host/?model=a", "localhost:8501", "ftp://host", ""],
)  # fmt: skip
def test_a_url_that_is_none_is_refused_by_the_name_of_its_flag_without_its_password(url):
    with pytest.raises(UserError, match="--url: .* is no address of a server: give one like http://localhost:8501"):
        RestClient(url, "thyroid")
    with pytest.raises(UserError) as refused:
        RestClient(f"http://clinic:hunter2@{url.removeprefix('http://')} ", "thyroid")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["localhost", "localhost:", "localhost:99999", "clinic:hunter2@host", "::1", "[::1]"]
)
def test_a_grpc_address_that_is_none_is_refused_by_the_name_of_its_flag_without_its_password(address):
    with pytest.raises(UserError, match="--grpc: .* is no HOST:PORT, such as localhost:8500") as refused:
        GrpcClient(address, "thyroid")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "flag", [("--retries", "-1"), ("--timeout", "-5"), ("--timeout", "0"), ("--timeout", "nan"), ("--timeout", "1e300")]
)
def test_an_attempt_or_a_timeout_that_is_none_is_a_wrong_flag(flag, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*flag, "--model", "thyroid", "--output", "out"])
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: argument {flag[0]}")


def test_name_and_password_of_the_url_go_to_the_server_and_nowhere_else(fail_with, tmp_path, capsys):
    server = fail_with(GOOD, (401, b"", 0))
    url = server.url.replace("http://", "http://clinic%40home:hunter%3A2@")
    words = ["--model", "thyroid", "--count", "1", "--output", str(tmp_path / "out")]
    assert main(["--url", url, *words, "--json"]) == 0
    assert server.logins[:1] == ["Basic " + base64.b64encode(b"clinic@home:hunter:2").decode()]
    manifest = (tmp_path / "out" / "manifest.json").read_text()
    assert json.loads(manifest)["server"] == server.url
    with pytest.raises(UserError, match="answered 401") as refused:
        main(["--url", url, *words[:-1], str(tmp_path / "more")])
    main(["--url", url, *words[:-1], str(tmp_path / "more"), "--dry-run"])
    told = capsys.readouterr()
    assert "hunter" not in manifest + str(refused.value) + told.out + told.err


def client(*arguments, **options):
    command = [sys.executable, "-m", "tfgan_thyroid.client", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_the_command_writes_the_images_of_consecutive_seeds(preview, tmp_path, connect):
    result = client(
        "--url", preview.url, "--model", "thyroid", "--count", 5, "--seed", 10, "--batch-size", 2,
        "--output", tmp_path / "out", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    manifest = json.loads(result.stdout)
    assert manifest == json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [entry["seed"] for entry in manifest["images"]] == [10, 11, 12, 13, 14]
    for entry, png in zip(manifest["images"], connect(preview, "thyroid").images(range(10, 15)), strict=True):
        with Image.open(tmp_path / "out" / entry["file"]) as image, Image.open(io.BytesIO(png)) as served:
            assert (image.text["Synthetic"], image.text["Seed"]) == ("true", str(entry["seed"]))
            difference = np.asarray(image).astype(int) - np.asarray(served).astype(int)
            assert np.abs(difference).max() <= 1  # other batch sizes round otherwise


def test_the_masks_of_a_paired_model_are_written_beside_its_images(fail_with, tmp_path):
    """As `tfgan_thyroid.segment --synthetic` reads them."""
    white = io.BytesIO()
    Image.fromarray(np.full([8, 8], 255, np.uint8)).save(white, "PNG")
    row = {
        "image_bytes": answer_of(a_png())["predictions"][0],
        "mask_bytes": answer_of(white.getvalue())["predictions"][0],
    }
    server = fail_with((200, {"predictions": [row, row]}, 0))
    result = client("--url", server.url, "--model", "pairs", "--count", 2, "--output", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    entries = json.loads((tmp_path / "out" / "manifest.json").read_text())["images"]
    assert [(entry["file"], entry["mask"]) for entry in entries] == [
        (f"images/synthetic_{seed:010d}.png", f"masks/synthetic_{seed:010d}.png") for seed in (0, 1)
    ]
    with Image.open(tmp_path / "out" / entries[1]["mask"]) as mask:
        assert np.unique(np.asarray(mask)) == [255] and mask.text["Seed"] == "1"


def test_the_command_runs_where_nothing_but_the_standard_library_is(preview, tmp_path, root):
    """`python -S` hides installed packages; this one is put on the path, with the version that it asks for."""
    probe = (
        "import sys, importlib.metadata as m; m.version = lambda name: '0'\n"
        "from tfgan_thyroid.client import main\n"
        f"assert main(['--url', {preview.url!r}, '--model', 'thyroid', '--count', '2', '--output', 'out']) == 0\n"
        "packages = [n for n, v in sys.modules.items() if 'site-packages' in (getattr(v, '__file__', '') or '')]\n"
        "assert not packages, packages\n"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", probe], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "out" / "images").iterdir())) == 2


def test_the_command_tells_failures_in_one_line_and_leaves_nothing(preview, tmp_path):
    for arguments, message in [
        (["--url", "http://127.0.0.1:1", "--model", "thyroid", "--retries", 0], "is the server running?"),
        (["--url", preview.url, "--model", "nobody"], "does not serve"),
        (["--url", preview.url, "--model", "thyroid", "--model-version", 9], "does not serve"),
        (["--url", "localhost:8501", "--model", "thyroid"], "http://localhost:8501"),
        (["--url", preview.url, "--model", "thyroid", "--batch-size", 33], "33 rows are more than the 32"),
    ]:
        result = client(*arguments, "--output", tmp_path / "out")
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1
        assert message in result.stderr
        assert list(tmp_path.iterdir()) == []


def test_the_command_does_not_touch_a_folder_that_holds_something(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    result = client("--model", "thyroid", "--output", tmp_path)
    assert result.returncode == 1
    assert "holds something already" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.fixture
def grpc_client(model_name):
    if "TF_SERVING_GRPC" not in os.environ:
        pytest.skip("needs a real TF Serving: set TF_SERVING_GRPC=HOST:PORT beside TF_SERVING_URL")
    pytest.importorskip("tensorflow_serving", reason="needs the serving extra (tensorflow-serving-api)")
    from tfgan_thyroid.serving.client.grpc_client import GrpcClient

    client = GrpcClient(os.environ["TF_SERVING_GRPC"], model_name)
    yield client
    client.close()


def test_grpc_and_rest_serve_the_same_images(grpc_client, server_url, model_name, connect):
    class Server:
        url = server_url

    assert grpc_client.images([1, 2, 3]) == connect(Server, model_name).images([1, 2, 3])


def test_grpc_tells_a_model_that_is_not_served(grpc_client):
    grpc_client.model = "nobody"
    with pytest.raises(UserError, match="NOT_FOUND"):
        grpc_client.images([1])
