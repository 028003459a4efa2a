"""The gRPC API as TF Serving documents it: runs against a real server alone, named by TF_SERVING_GRPC=HOST:PORT.

The server must serve the model TF_SERVING_MODEL (default thyroid) with the files of docker/serving, whose batches hold
32 at most; `docker/test_against_tf_serving` starts such a one.
"""

import io
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

ADDRESS = os.environ.get("TF_SERVING_GRPC")
pytestmark = pytest.mark.skipif(
    ADDRESS is None, reason="needs a real TF Serving: set TF_SERVING_GRPC=HOST:PORT (docker/test_against_tf_serving)"
)

BATCH_LIMIT = 32
SECONDS = 60


@pytest.fixture(scope="module")
def grpc():
    return pytest.importorskip("grpc", reason="needs the serving extra (tensorflow-serving-api)")


@pytest.fixture(scope="module")
def channel(grpc):
    pytest.importorskip("tensorflow_serving.apis", reason="needs the serving extra (tensorflow-serving-api)")
    with grpc.insecure_channel(ADDRESS, options=[("grpc.max_receive_message_length", 2**28)]) as opened:
        yield opened


@pytest.fixture(scope="module")
def predict(channel, model_name):
    """Sends inputs by name; gives the answer."""
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def send(inputs, signature="", model=model_name, version=None):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = model
        request.model_spec.signature_name = signature
        if version is not None:
            request.model_spec.version.value = version
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        return stub.Predict(request, timeout=SECONDS)

    return send


@pytest.fixture(scope="module")
def versions(channel, model_name):
    """The states of the versions by number."""
    from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model_name
    answer = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=SECONDS)
    return {status.version: type(status).State.Name(status.state) for status in answer.model_version_status}


@pytest.fixture(scope="module")
def signatures(channel, model_name):
    """The signatures by name, from the metadata."""
    from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = model_name
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    packed = stub.GetModelMetadata(request, timeout=SECONDS).metadata["signature_def"]
    found = get_model_metadata_pb2.SignatureDefMap()
    assert packed.Unpack(found)
    return found.signature_def


def files(answer):
    return list(answer.outputs["image_bytes"].string_val)


def test_a_version_is_available(versions):
    assert "AVAILABLE" in versions.values()


def test_metadata_names_the_signatures_of_the_contract(signatures):
    by_seed, by_latent = signatures["serving_default"], signatures["generate_from_latent"]
    assert by_seed.inputs["seed"].dtype == tf.int64.as_datatype_enum
    assert by_seed.outputs["image_bytes"].dtype == tf.string.as_datatype_enum
    assert by_latent.inputs["latent"].dtype == by_latent.outputs["image"].dtype == tf.float32.as_datatype_enum
    assert by_seed.method_name == by_latent.method_name == "tensorflow/serving/predict"


def test_seeds_give_png_files_and_the_same_again(predict):
    first = files(predict({"seed": np.array([3, 4])}))
    images = [np.asarray(Image.open(io.BytesIO(png))) for png in first]
    assert images[0].shape == images[1].shape and not np.array_equal(*images)
    assert files(predict({"seed": np.array([3, 4])})) == first


def test_a_signature_may_be_chosen(predict, signatures):
    size = signatures["generate_from_latent"].inputs["latent"].tensor_shape.dim[1].size
    answer = predict({"latent": np.zeros([2, size], np.float32)}, "generate_from_latent")
    image = tf.make_ndarray(answer.outputs["image"])
    assert image.shape[0] == 2 and np.abs(image).max() <= 1.0


def test_a_version_may_be_chosen(predict, versions):
    newest = max(number for number, state in versions.items() if state == "AVAILABLE")
    answer = predict({"seed": np.array([7])}, version=newest)
    assert answer.model_spec.version.value == newest
    assert files(answer) == files(predict({"seed": np.array([7])}))


def test_the_largest_batch_is_answered_whole(predict):
    assert len(set(files(predict({"seed": np.arange(BATCH_LIMIT)})))) == BATCH_LIMIT


REFUSED = {
    "another model": ("NOT_FOUND", {"seed": np.array([1])}, {"model": "nobody"}),
    "another version": ("NOT_FOUND", {"seed": np.array([1])}, {"version": 987654}),
    "another signature": ("INVALID_ARGUMENT", {"seed": np.array([1])}, {"signature": "no_such_signature"}),
    "another input": ("INVALID_ARGUMENT", {"sed": np.array([1])}, {}),
    "no input": ("INVALID_ARGUMENT", {}, {}),
    "another type": ("INVALID_ARGUMENT", {"seed": np.array([1.0], np.float32)}, {}),
    "another shape": (
        "INVALID_ARGUMENT",
        {"latent": np.zeros([1, 3], np.float32)},
        {"signature": "generate_from_latent"},
    ),
    "a batch too large": ("INVALID_ARGUMENT", {"seed": np.arange(BATCH_LIMIT + 1)}, {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_and_disturbs_nobody(grpc, predict, case):
    code, inputs, options = REFUSED[case]
    before = files(predict({"seed": np.array([1])}))
    with pytest.raises(grpc.RpcError) as refused:
        predict(inputs, **options)
    assert refused.value.code().name == code, refused.value.details()
    assert files(predict({"seed": np.array([1])})) == before
