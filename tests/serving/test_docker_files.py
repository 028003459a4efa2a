"""The files that Docker would read, checked without Docker: sources, flags, configuration messages, users."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from google.protobuf import descriptor_pb2, message_factory, text_format

Field = descriptor_pb2.FieldDescriptorProto

# tensorflow_serving/model_servers/main.cc
TF_SERVING_FLAGS = set(
    """
    port grpc_socket_path rest_api_port rest_api_num_threads rest_api_timeout_in_ms rest_api_enable_cors_support
    enable_batching allow_version_labels_for_unavailable_models batching_parameters_file
    enable_per_model_batching_parameters model_config_file model_config_file_poll_wait_seconds model_name
    model_base_path num_load_threads num_unload_threads max_num_load_retries load_retry_interval_micros
    file_system_poll_wait_seconds flush_filesystem_caches tensorflow_session_parallelism
    tensorflow_session_config_file tensorflow_intra_op_parallelism tensorflow_inter_op_parallelism
    use_alts_credentials ssl_config_file platform_config_file per_process_gpu_memory_fraction saved_model_tags
    grpc_channel_arguments grpc_max_threads enable_model_warmup num_request_iterations_for_warmup version
    monitoring_config_file remove_unused_fields_from_bundle_metagraph prefer_tflite_model num_tflite_pools
    num_tflite_interpreters_per_pool enable_signature_method_name_check xla_cpu_compilation_enabled enable_profiler
    thread_pool_factory_config_file
    """.split()
)

# The messages of the three files: field, number and type, where a name is another message; `*` repeats.
# tensorflow_serving/config/{model_server,monitoring}_config.proto, .../sources/storage_path/
# file_system_storage_path_source.proto, .../servables/tensorflow/session_bundle_config.proto
MESSAGES = {
    "ModelServerConfig": [("model_config_list", 1, "ModelConfigList")],
    "ModelConfigList": [("config", 1, "*ModelConfig")],
    "ModelConfig": [
        ("name", 1, "string"),
        ("base_path", 2, "string"),
        ("model_platform", 4, "string"),
        ("model_version_policy", 7, "ServableVersionPolicy"),
    ],
    "ServableVersionPolicy": [("latest", 100, "Latest"), ("all", 101, "All"), ("specific", 102, "Specific")],
    "Latest": [("num_versions", 1, "uint32")],
    "All": [],
    "Specific": [("versions", 1, "*int64")],
    "BatchingParameters": [
        ("max_batch_size", 1, "Int64Value"),
        ("batch_timeout_micros", 2, "Int64Value"),
        ("max_enqueued_batches", 3, "Int64Value"),
        ("num_batch_threads", 4, "Int64Value"),
        ("thread_pool_name", 5, "StringValue"),
        ("allowed_batch_sizes", 6, "*int64"),
        ("pad_variable_length_inputs", 7, "bool"),
    ],
    "MonitoringConfig": [("prometheus_config", 1, "PrometheusConfig")],
    "PrometheusConfig": [("enable", 1, "bool"), ("path", 2, "string")],
    "Int64Value": [("value", 1, "int64")],
    "StringValue": [("value", 1, "string")],
}


def read_config(path, message):
    """A text-format file as a message of TF Serving; a field that the message lacks raises."""
    file = descriptor_pb2.FileDescriptorProto(name="serving.proto", syntax="proto3")
    scalars = {name: getattr(Field, f"TYPE_{name.upper()}") for name in ("string", "uint32", "int64", "bool")}
    for name, fields in MESSAGES.items():
        described = file.message_type.add(name=name)
        for field, number, kind in fields:
            label = Field.LABEL_REPEATED if kind.startswith("*") else Field.LABEL_OPTIONAL
            kind = kind.lstrip("*")
            added = described.field.add(name=field, number=number, label=label)
            added.type = scalars.get(kind, Field.TYPE_MESSAGE)
            if kind not in scalars:
                added.type_name = f".{kind}"
    kind = message_factory.GetMessages([file])[message]
    return text_format.Parse(path.read_text(), kind())


@pytest.fixture(scope="module")
def instructions(root):
    """(word, rest) of each instruction of the Dockerfile."""
    lines = [line for line in (root / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def stages(instructions):
    """Instructions by the name of their stage."""
    found = {}
    for word, rest in instructions:
        if word == "FROM":
            current = found.setdefault(rest.split(" AS ")[1], [])
        elif found:
            current.append((word, rest))
    return found


def test_every_source_that_is_copied_is_in_the_repository_and_not_ignored(instructions, root):
    ignored = (root / ".dockerignore").read_text().split()
    copied = 0
    for word, rest in instructions:
        if word != "COPY" or "--from=" in rest:
            continue
        *sources, _ = [part for part in rest.split() if not part.startswith("--")]
        for source in sources:
            assert (root / source).exists(), source
            assert source not in ignored
            copied += 1
    assert copied >= 7


def test_stages_end_as_users_without_privileges(stages):
    assert list(stages) == ["beam-sdk", "serving", "package", "beam-worker", "training"]
    for name in ("serving", "beam-worker", "training"):
        users = [rest for word, rest in stages[name] if word == "USER"]
        assert users == ["1001"]


def test_the_serving_stage_gives_tf_serving_flags_that_it_knows_and_files_that_are_copied(stages):
    (command,) = [json.loads(rest) for word, rest in stages["serving"] if word == "ENTRYPOINT"]
    assert command[0] == "tensorflow_model_server"
    flags = dict(flag.removeprefix("--").split("=") for flag in command[1:])
    assert set(flags) <= TF_SERVING_FLAGS
    (copy,) = [rest.split() for word, rest in stages["serving"] if word == "COPY" and "/etc/" in rest]
    installed = {copy[-1] + source.rpartition("/")[2] for source in copy[:-1]}
    assert {value for value in flags.values() if value.startswith("/")} == installed
    exposed = next(rest.split() for word, rest in stages["serving"] if word == "EXPOSE")
    assert exposed == [flags["port"], flags["rest_api_port"]]


def test_models_are_served_from_where_the_image_has_them(root, stages):
    config = read_config(root / "docker/serving/models.config", "ModelServerConfig")
    assert "saved_models /models/" in [rest for word, rest in stages["serving"] if word == "COPY"]
    for model in config.model_config_list.config:
        assert model.base_path == f"/models/{model.name}"
        assert model.model_platform == "tensorflow"
        assert list((root / "saved_models" / model.name).glob("*/saved_model.pb")), "TF Serving stops without a version"


def test_batches_obey_the_rules_of_the_batching_session(root):
    config = read_config(root / "docker/serving/batching.config", "BatchingParameters")
    sizes = list(config.allowed_batch_sizes)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == config.max_batch_size.value == 32
    assert config.num_batch_threads.value >= 1


def test_prometheus_asks_where_tf_serving_answers(root):
    config = read_config(root / "docker/serving/monitoring.config", "MonitoringConfig").prometheus_config
    assert config.enable
    assert f"metrics_path: {config.path}\n" in (root / "docker/prometheus.yaml").read_text()


def test_a_field_that_tf_serving_does_not_know_is_noticed(tmp_path):
    (tmp_path / "batching.config").write_text("max_batch_sise { value: 32 }")
    with pytest.raises(text_format.ParseError, match="max_batch_sise"):
        read_config(tmp_path / "batching.config", "BatchingParameters")


def test_models_config_is_read_by_tensorflow_serving_api(root):
    module = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2",
        reason="needs the serving extra (tensorflow-serving-api), the reference for this message",
    )
    config = text_format.Parse((root / "docker/serving/models.config").read_text(), module.ModelServerConfig())
    assert config.model_config_list.config[0].model_version_policy.latest.num_versions == 2


def test_compose_builds_stages_that_exist_and_mounts_paths_that_exist(root, stages):
    text = (root / "compose.yaml").read_text()
    assert set(re.findall(r"target: ([\w-]+)", text)) <= set(stages)
    mounted = re.findall(r"- (\./[\w./-]+):", text)
    assert mounted == ["./saved_models", "./docker/serving", "./runs", "./docker/prometheus.yaml"]
    # Docker makes runs where it is missing; TensorBoard waits for something in it.
    assert all((root / path).exists() for path in mounted if path != "./runs")
    published = re.findall(r'"([\d.:]+:\d+)"', text)
    assert published and all(port.startswith("127.0.0.1:") for port in published)


@pytest.fixture
def hadolint():
    """The linter, as pip installs it beside this interpreter or as the system has it."""
    found = shutil.which("hadolint", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
    return found or pytest.skip("hadolint is not installed: pip install -e '.[dev]'")


def test_hadolint_finds_nothing(hadolint, root):
    result = subprocess.run([hadolint, str(root / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def test_hadolint_would_find_something(hadolint, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim\nRUN cd /tmp\n")
    result = subprocess.run([hadolint, str(tmp_path / "Dockerfile")], capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "DL3003" in result.stdout
