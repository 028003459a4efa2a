# Trains on mounted data: docker build -t tfgan-thyroid . && docker run -v "$PWD:/home/tfgan/work" tfgan-thyroid --help
FROM python:3.11-slim

RUN useradd --create-home tfgan
COPY --chown=tfgan pyproject.toml README.md LICENSE /home/tfgan/src/
COPY --chown=tfgan tfgan_thyroid /home/tfgan/src/tfgan_thyroid
COPY --chown=tfgan pipeline /home/tfgan/src/pipeline
RUN pip install --no-cache-dir /home/tfgan/src

USER tfgan
WORKDIR /home/tfgan/work
ENTRYPOINT ["python", "-m", "tfgan_thyroid.train"]
