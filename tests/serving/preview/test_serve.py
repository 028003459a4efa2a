"""The preview server: new versions under load, versions that cannot be loaded, and starting it wrongly."""

import base64
import concurrent.futures
import http.client
import io
import json
import shutil
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_thyroid.errors import UserError
from tfgan_thyroid.serving.export.saved_model import export_encoder, export_generator


@pytest.fixture
def own_models(model_directory, tmp_path):
    """A copy of the model directory that a test may add versions to."""
    return shutil.copytree(model_directory, tmp_path / "thyroid")


def assert_alike(files, others):
    """The same images: what else was in the batch may change a grey level."""
    for png, other in zip(files, others, strict=True):
        levels = [np.asarray(Image.open(io.BytesIO(content))).astype(int) for content in (png, other)]
        assert np.abs(levels[0] - levels[1]).max() <= 1


def states(client):
    return {entry["version"]: entry["state"] for entry in client.status()}


def test_a_version_appears_whole_to_a_reader_that_looks_every_millisecond(own_models, run_directory, until):
    """What a server sees that lists the directory at any moment: no version, or a whole one."""
    stop = threading.Event()
    versions, seen = set(), set()

    def read():
        while not stop.is_set():
            for path in own_models.iterdir():
                if path.name.isdecimal():
                    files = frozenset(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
                    seen.add(files)
                    versions.add(path.name)
            time.sleep(0.001)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        reader = pool.submit(read)
        for _ in range(2):
            export_generator(run_directory, own_models)
        until(lambda: "3" in versions)
        stop.set()
        reader.result()
    assert versions == {"1", "2", "3"}
    (files,) = seen
    assert {"saved_model.pb", "variables/variables.index", "assets.extra/tf_serving_warmup_requests"} <= files


def test_a_new_version_is_taken_up_under_load_without_a_failed_request(
    own_models, run_directory, start_server, until, connect
):
    server = start_server(own_models, "--poll-seconds", 0.05)
    stop = threading.Event()
    expected = connect(server, "thyroid").images([3])

    def ask():
        client, count = connect(server, "thyroid", retries=0), 0
        while not stop.is_set():
            assert_alike(client.images([3]), expected)
            count += 1
        return count

    watcher = connect(server, "thyroid")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        workers = [pool.submit(ask) for _ in range(4)]
        try:
            export_generator(run_directory, own_models)
            until(lambda: states(watcher) == {"1": "END", "2": "AVAILABLE"})
            time.sleep(0.2)
        finally:
            stop.set()
        assert all(worker.result() > 5 for worker in workers)
    with pytest.raises(UserError, match="thyroid has no version 1 loaded"):
        connect(server, "thyroid", version=1).images([3])
    assert connect(server, "thyroid", version=2).images([3]) == expected


def test_several_versions_are_kept_where_asked(own_models, run_directory, start_server, connect):
    export_generator(run_directory, own_models)
    server = start_server(own_models, "--keep", 2)
    assert states(connect(server, "thyroid")) == {"1": "AVAILABLE", "2": "AVAILABLE"}
    images = [connect(server, "thyroid", version=version).images([3]) for version in (1, 2)]
    assert images[0] == images[1]


def test_a_version_that_cannot_be_loaded_ends_and_the_old_one_stays(own_models, start_server, until, connect):
    server = start_server(own_models, "--poll-seconds", 0.05)
    client = connect(server, "thyroid")
    (own_models / "2").mkdir()
    (own_models / "2" / "saved_model.pb").write_bytes(b"no graph")
    until(lambda: states(client) == {"1": "AVAILABLE", "2": "END"})
    broken = next(entry for entry in client.status() if entry["version"] == "2")
    assert broken["status"]["error_code"] != "OK" and broken["status"]["error_message"]
    assert len(client.images([1])) == 1


def test_a_version_whose_copy_takes_its_time_and_whose_name_has_zeros_is_served_once_it_is_whole(
    own_models, start_server, until, connect
):
    server = start_server(own_models, "--poll-seconds", 0.05)
    client, slow = connect(server, "thyroid"), own_models / "002"
    shutil.copytree(own_models / "1", slow, ignore=shutil.ignore_patterns("saved_model.pb"))
    until(lambda: states(client) == {"1": "AVAILABLE", "2": "END"})
    time.sleep(1.0)  # many polls, none of which tries again
    assert states(client)["2"] == "END"
    shutil.copy(own_models / "1" / "saved_model.pb", slow)
    until(lambda: states(client).get("2") == "AVAILABLE")


def test_an_encoder_takes_png_files_as_b64(run_directory, tmp_path, start_server, connect):
    export_encoder(run_directory, tmp_path / "encoder")
    server = start_server(tmp_path / "encoder")
    client = connect(server, "encoder")
    png = tf.io.encode_png(tf.fill([16, 16, 1], tf.constant(200, tf.uint8))).numpy()
    latents = client.predict({"instances": [{"b64": _base64(png)}]})
    assert [len(latent) for latent in latents] == [8]
    assert latents == client.predict({"instances": [{"image_bytes": {"b64": _base64(png)}}]})
    (image,) = client.predict({"signature_name": "reconstruct", "instances": [{"b64": _base64(png)}]})
    assert set(image) == {"b64"}
    lines = base64.encodebytes(png).decode()
    assert "\n" in lines[:-1]
    assert latents == client.predict({"instances": [{"b64": lines}]})
    with pytest.raises(UserError, match="400"):
        client.predict({"instances": [{"b64": "%%%"}]})
    with pytest.raises(UserError, match="400"):
        client.predict({"instances": [{"b64": _base64(b"no png")}]})


def _base64(content):
    return base64.b64encode(content).decode()


def test_a_request_in_chunks_is_read_up_to_the_limit(preview):
    host, path = preview.url.removeprefix("http://"), "/v1/models/thyroid:predict"
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("POST", path, iter([b'{"instances"', b": [1]}"]), encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 200 and len(json.loads(response.read())["predictions"]) == 1
    connection.close()


def test_what_is_no_http_is_refused_and_disturbs_nobody(preview, connect):
    host, port = preview.url.removeprefix("http://").split(":")
    for nonsense in (
        b"\x16\x03\x01\x00 hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(nonsense)
            assert plain.recv(100).startswith(b"HTTP/1.1 400 ")
    # One who leaves in the middle of a request.
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        plain.sendall(b"POST /v1/models/thyroid:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert len(connect(preview, "thyroid").images([1])) == 1


def test_requests_that_are_no_http_of_this_api_are_answered_in_json(preview):
    host = preview.url.removeprefix("http://")
    for method, path, headers, status in [
        ("PUT", "/v1/models/thyroid", {}, 405),
        ("POST", "/v1/models/thyroid:predict", {"Content-Length": str(2**40)}, 413),
        ("GET", "/v2/models", {}, 404),
    ]:
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        assert (response.status, response.headers["Content-Type"]) == (status, "application/json")
        connection.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing"], ["missing", "tfgan_thyroid.export"]),
        (["thyroid/1"], ["holds no version", "a version of an exported model", "saved_models/NAME"]),
        (["run"], ["is a run directory", "tfgan_thyroid.export --run run --output saved_models/run"]),
        (["thyroid", "copy/thyroid"], ["two models are named thyroid"]),
    ],
)
def test_a_wrong_directory_is_told_in_one_line(own_models, tmp_path, arguments, words):
    shutil.copytree(own_models, tmp_path / "copy" / "thyroid")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    command = [sys.executable, "-m", "tfgan_thyroid.serve", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    for word in words:
        assert word in result.stderr


def test_a_port_that_is_taken_is_told_in_one_line(own_models, preview):
    port = preview.url.rpartition(":")[2]
    command = [sys.executable, "-m", "tfgan_thyroid.serve", str(own_models), "--port", port]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: Address already in use")
    assert f"127.0.0.1:{port}; " in result.stderr and "--port" in result.stderr


def test_the_page_can_ask_for_models_and_for_the_latent_that_a_seed_stands_for(preview, connect):
    def get(path):
        connection = http.client.HTTPConnection(preview.url.removeprefix("http://"), timeout=10)
        connection.request("GET", path)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, content

    status, page = get("/")
    assert status == 200 and b"<title>Generated scans</title>" in page
    assert b"http://" not in page and b"https://" not in page  # it needs no other host
    assert json.loads(get("/preview/models")[1]) == {"models": ["thyroid"]}
    latent = json.loads(get("/preview/latents/thyroid/3")[1])["latent"]
    body = {"signature_name": "generate_from_latent", "instances": [latent]}
    image = np.array(connect(preview, "thyroid").predict(body))[0, :, :, 0]
    (png,) = connect(preview, "thyroid").images([3])
    levels = np.asarray(Image.open(io.BytesIO(png)))
    np.testing.assert_allclose(levels, (image + 1) * 127.5, atol=0.51)
    for path in ("/preview/latents/nobody/3", "/preview/latents/thyroid/x", "/preview/x"):
        assert get(path)[0] == 404
