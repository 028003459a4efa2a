"""The REST API as TF Serving documents it (https://www.tensorflow.org/tfx/serving/api_rest).

Runs against `python -m tfgan_thyroid.serve`, which it starts, or against the server of TF_SERVING_URL, which must serve
the model TF_SERVING_MODEL (default thyroid) with the files of docker/serving, whose batches hold 32 at most.
"""

import base64
import gzip
import http.client
import io
import json
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

BATCH_LIMIT = 32


@pytest.fixture(scope="module")
def ask(server_url):
    """Sends a request; gives the status, the JSON document and the content type."""
    parts = urlsplit(server_url)

    def send(method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        content = json.dumps(body) if isinstance(body, (dict, list)) else body
        connection.request(method, path, content, headers or {})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, json.loads(answer), response.headers["Content-Type"]

    return send


@pytest.fixture(scope="module")
def model(model_name):
    return f"/v1/models/{model_name}"


@pytest.fixture(scope="module")
def predict(ask, model):
    """Sends a predict request that must succeed."""

    def send(body, selection=""):
        status, document, _ = ask("POST", f"{model}{selection}:predict", body)
        assert status == 200, document
        return document

    return send


@pytest.fixture(scope="module")
def sizes(ask, model):
    """Latent size and image shape, from the metadata."""
    signatures = ask("GET", f"{model}/metadata")[1]["metadata"]["signature_def"]["signature_def"]
    shape = signatures["generate_from_latent"]

    def dims(tensor):
        return [int(dim["size"]) for dim in tensor["tensor_shape"]["dim"]]

    return dims(shape["inputs"]["latent"])[1], dims(shape["outputs"]["image"])[1:]


def decode(value):
    assert set(value) == {"b64"}
    png = base64.b64decode(value["b64"], validate=True)
    return np.asarray(Image.open(io.BytesIO(png)))


def test_status_lists_versions_that_are_available(ask, model):
    status, document, content_type = ask("GET", model)
    assert (status, content_type) == (200, "application/json")
    available = [entry for entry in document["model_version_status"] if entry["state"] == "AVAILABLE"]
    assert available
    for entry in available:
        assert entry["version"].isdigit()
        assert entry["status"] == {"error_code": "OK", "error_message": ""}


def test_status_of_one_version_tells_that_version_alone(ask, model):
    version = ask("GET", model)[1]["model_version_status"][0]["version"]
    status, document, _ = ask("GET", f"{model}/versions/{version}")
    assert status == 200
    assert [entry["version"] for entry in document["model_version_status"]] == [version]


def test_metadata_names_the_signatures_of_the_contract(ask, model, model_name, sizes):
    status, document, _ = ask("GET", f"{model}/metadata")
    assert status == 200
    assert document["model_spec"]["name"] == model_name
    signatures = document["metadata"]["signature_def"]["signature_def"]
    by_seed, by_latent = signatures["serving_default"], signatures["generate_from_latent"]
    assert by_seed["method_name"] == by_latent["method_name"] == "tensorflow/serving/predict"
    assert by_seed["inputs"]["seed"]["dtype"] == "DT_INT64"
    assert [dim["size"] for dim in by_seed["inputs"]["seed"]["tensor_shape"]["dim"]] == ["-1"]
    assert by_seed["outputs"]["image_bytes"]["dtype"] == "DT_STRING"
    assert by_latent["inputs"]["latent"]["dtype"] == by_latent["outputs"]["image"]["dtype"] == "DT_FLOAT"
    assert len(sizes[1]) == 3


def test_row_and_column_form_answer_the_same_png_files(predict, sizes):
    rows = predict({"instances": [3, 4]})["predictions"]
    columns = predict({"inputs": [3, 4]})["outputs"]
    assert rows == columns
    images = [decode(value) for value in rows]
    assert [list(image.shape) for image in images] == [sizes[1][:2]] * 2
    assert images[0].dtype == np.uint8
    assert not np.array_equal(images[0], images[1])


def test_inputs_may_be_named_in_both_forms(predict):
    assert predict({"instances": [{"seed": 5}]})["predictions"] == predict({"inputs": {"seed": [5]}})["outputs"]


def test_a_request_repeated_gives_the_same_bytes(predict):
    assert predict({"instances": [2**40, 0]}) == predict({"instances": [2**40, 0]})


def test_the_signature_of_the_request_is_used(predict, sizes):
    latents = np.zeros([2, sizes[0]])
    latents[1] = 1.0
    document = predict({"signature_name": "generate_from_latent", "instances": latents.tolist()})
    images = np.array(document["predictions"])
    assert list(images.shape) == [2, *sizes[1]]
    assert np.abs(images).max() <= 1.0
    named = predict({"signature_name": "generate_from_latent", "inputs": {"latent": latents.tolist()}})
    assert named["outputs"] == document["predictions"]


def test_an_empty_signature_name_means_the_default(predict):
    assert predict({"signature_name": "", "instances": [1]}) == predict({"instances": [1]})


def test_the_token_nan_which_json_does_not_know_is_read(ask, model, sizes):
    body = json.dumps({"signature_name": "generate_from_latent", "instances": [[float("nan")] * sizes[0]]})
    assert "NaN" in body
    status, document, _ = ask("POST", f"{model}:predict", body)
    assert status == 200
    # What becomes of it in the network is the processor's affair: its ReLU may make zeros of it.
    assert list(np.array(document["predictions"]).shape) == [1, *sizes[1]]


def test_a_version_may_be_asked_for(ask, model, predict):
    available = [e["version"] for e in ask("GET", model)[1]["model_version_status"] if e["state"] == "AVAILABLE"]
    newest = max(available, key=int)
    assert predict({"instances": [7]}, f"/versions/{newest}") == predict({"instances": [7]})
    assert ask("GET", f"{model}/versions/{newest}/metadata")[1]["model_spec"]["version"] == newest


def test_names_do_not_ignore_case(ask, model, model_name):
    assert ask("GET", model.replace(model_name, model_name.swapcase()))[0] == 404


NOT_FOUND = {
    "status of another model": ("GET", "/v1/models/nobody", None),
    "metadata of another model": ("GET", "/v1/models/nobody/metadata", None),
    "another model": ("POST", "/v1/models/nobody:predict", {"instances": [1]}),
    "status of another version": ("GET", "{model}/versions/987654", None),
    "another version": ("POST", "{model}/versions/987654:predict", {"instances": [1]}),
}


@pytest.mark.parametrize("case", NOT_FOUND)
def test_what_is_not_served_is_not_found(ask, model, case):
    method, path, body = NOT_FOUND[case]
    status, document, content_type = ask(method, path.format(model=model), body)
    assert (status, content_type) == (404, "application/json")
    assert set(document) == {"error"}
    assert isinstance(document["error"], str) and document["error"]


BAD_BODIES = {
    "nothing": "",
    "no json": "{",
    "not an object": [1],
    "neither form": {"seed": [1]},
    "both forms": {"instances": [1], "inputs": [1]},
    "no instances": {"instances": []},
    "instances not in a list": {"instances": 1},
    "another signature": {"signature_name": "no_such_signature", "instances": [1]},
    "a signature that is no name": {"signature_name": 1, "instances": [1]},
    "a string for a number": {"instances": ["1"]},
    "a fraction for a whole number": {"instances": [1.5]},
    "a boolean for a number": {"instances": [True]},
    "null": {"instances": [None]},
    "bytes for a number": {"instances": [{"b64": "AAAA"}]},
    "a deep nesting": '{"instances": ' + "[" * 970 + "1" + "]" * 970 + "}",
    "a bottomless nesting": '{"instances": ' + "[" * 100_000,
    "a number too large": {"instances": [2**63]},
    "another input": {"instances": [{"sed": 1}]},
    "another column": {"inputs": {"sed": [1]}},
    "a further input": {"instances": [{"seed": 1, "sed": 1}]},
    "rows of two kinds": {"instances": [{"seed": 1}, 2]},
    "rows of two sizes": {"signature_name": "generate_from_latent", "instances": [[0.0, 0.0], [0.0]]},
    "a ragged row": {"signature_name": "generate_from_latent", "instances": [[[0.0, 0.0], [0.0]]]},
    "a latent too short": {"signature_name": "generate_from_latent", "instances": [[0.0, 0.0, 0.0]]},
    "a latent too deep": {"signature_name": "generate_from_latent", "instances": [[[0.0] * 8]]},
    "a scalar": {"signature_name": "generate_from_latent", "inputs": 1.0},
    "a number too large for float": {"signature_name": "generate_from_latent", "instances": [[1e39] * 8]},
    "a batch too large": {"instances": list(range(BATCH_LIMIT + 1))},
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_bad_request_is_told_and_disturbs_nobody(ask, model, predict, case):
    before = predict({"instances": [1]})
    status, document, content_type = ask("POST", f"{model}:predict", BAD_BODIES[case])
    assert (status, content_type) == (400, "application/json"), document
    assert set(document) == {"error"}
    assert isinstance(document["error"], str) and document["error"]
    assert predict({"instances": [1]}) == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "{model}"),
        ("POST", "{model}:generate"),
        ("GET", "{model}:predict"),
        ("GET", "{model}/versions/one"),
        ("GET", "/v1/models"),
        ("POST", "{model}/labels/nobody:predict"),
    ],
)
def test_a_path_of_another_form_is_a_bad_request(ask, model, method, path):
    status, document, _ = ask(method, path.format(model=model), {"instances": [1]} if method == "POST" else None)
    assert status == 400
    assert set(document) == {"error"}


def test_the_largest_batch_is_answered_whole(predict):
    seeds = list(range(BATCH_LIMIT))
    predictions = predict({"instances": seeds})["predictions"]
    assert len({value["b64"] for value in predictions}) == BATCH_LIMIT


def test_a_request_that_is_packed_by_gzip_is_answered_as_the_plain_one(ask, model_name):
    path, body = f"/v1/models/{model_name}:predict", json.dumps({"instances": [1]}).encode()
    assert ask("POST", path, gzip.compress(body), {"Content-Encoding": "gzip"}) == ask("POST", path, body)
    assert ask("POST", path, gzip.compress(body)[:-9], {"Content-Encoding": "gzip"})[0] == 400


def test_a_packed_request_is_unpacked_no_further_than_a_plain_one_may_be_long_and_other_codings_are_named(preview):
    bomb = gzip.compress(bytes(64 * 2**20 + 1))
    for coding, status, told in (("gzip", 413, "67108864 bytes"), ("br", 415, "content coding br")):
        request = urllib.request.Request(f"{preview.url}/v1/models/thyroid:predict", bomb, {"Content-Encoding": coding})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == status
        assert told in json.loads(refused.value.read())["error"]
        refused.value.close()
