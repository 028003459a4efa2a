# Three images from one file; the last is the default.
#   docker build --target serving -t tfgan-thyroid-serving .       TF Serving with the models of saved_models/
#   docker build --target beam-worker -t tfgan-thyroid-worker .    worker of the preprocessing job on a Beam cluster
#   docker build -t tfgan-thyroid . && docker run -v "$PWD:/home/tfgan/work" tfgan-thyroid --help    training
ARG BEAM_VERSION=2.77.0
ARG TF_SERVING_VERSION=2.19.1

FROM apache/beam_python3.11_sdk:${BEAM_VERSION} AS beam-sdk

FROM tensorflow/serving:${TF_SERVING_VERSION} AS serving
COPY docker/serving/models.config docker/serving/batching.config docker/serving/monitoring.config /etc/tf-serving/
COPY saved_models /models/
RUN useradd --create-home --uid 1001 serving
USER 1001
# As in training: TensorFlow by itself takes oneDNN only where there is AVX512-VNNI.
ENV TF_ENABLE_ONEDNN_OPTS=1
EXPOSE 8500 8501
ENTRYPOINT ["tensorflow_model_server", \
    "--port=8500", \
    "--rest_api_port=8501", \
    "--rest_api_timeout_in_ms=60000", \
    "--model_config_file=/etc/tf-serving/models.config", \
    "--model_config_file_poll_wait_seconds=60", \
    "--file_system_poll_wait_seconds=1", \
    "--enable_batching=true", \
    "--batching_parameters_file=/etc/tf-serving/batching.config", \
    "--monitoring_config_file=/etc/tf-serving/monitoring.config", \
    "--enable_model_warmup=true"]

FROM python:3.11-slim AS package
RUN useradd --create-home --uid 1001 tfgan
COPY --chown=tfgan pyproject.toml README.md LICENSE /home/tfgan/src/
COPY --chown=tfgan tfgan_thyroid /home/tfgan/src/tfgan_thyroid
COPY --chown=tfgan pipeline /home/tfgan/src/pipeline
RUN pip install --no-cache-dir /home/tfgan/src

FROM package AS beam-worker
# A worker's Beam must be the version that submits the job; it reads DICOM files too.
ARG BEAM_VERSION
RUN pip install --no-cache-dir "/home/tfgan/src[dicom]" "apache-beam==${BEAM_VERSION}"
COPY --from=beam-sdk /opt/apache/beam /opt/apache/beam
USER 1001
ENTRYPOINT ["/opt/apache/beam/boot"]

FROM package AS training
USER 1001
WORKDIR /home/tfgan/work
ENTRYPOINT ["python", "-m", "tfgan_thyroid.train"]
