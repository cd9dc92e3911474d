# The workflow with its pinned requirements. Results lie in the folder that is mounted on /study:
#
#   docker build --tag neuron-census .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/study" neuron-census --cores all
#
# The default build of PyTorch for Linux has CUDA and takes gigabytes. For processors only, pass options of pip, such as an
# index with CPU builds:
#   docker build --build-arg PIP_OPTIONS="--extra-index-url URL" --tag neuron-census .
FROM python:3.11-slim-bookworm

ARG PIP_OPTIONS=

WORKDIR /census
COPY envs/ envs/
RUN pip install --no-cache-dir $PIP_OPTIONS --requirement envs/study.txt --constraint envs/lock.txt
COPY Snakefile config.yaml ./
COPY scripts/ scripts/
COPY studies/ studies/
COPY workflow/ workflow/
RUN python -m compileall -q scripts

# any user may run it: caches lie where each can write
ENV HOME=/tmp
WORKDIR /study
ENTRYPOINT ["python", "-m", "snakemake", "--snakefile", "/census/Snakefile", "--workflow-profile", "/census/workflow/profiles/default"]
CMD ["--cores", "all"]
