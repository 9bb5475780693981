"""Results on S3-compatible storage, through Snakemake's own storage plugin and against a real S3 server."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import put
from project import copy_project, files, snakemake

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def s3_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def test_shards_and_images_can_live_on_s3(tmp_path: Path, s3_url: str) -> None:
    import boto3

    bucket = boto3.resource("s3", endpoint_url=s3_url).create_bucket(Bucket="digits")
    targets = ("webdataset", "results/mnist-sample/png/test/7", "--cores", "2", "--config", "splits=test")
    storage = ("--default-storage-provider", "s3", "--default-storage-prefix", "s3://digits")
    on_s3 = copy_project(tmp_path / "s3")
    command = (*targets, *storage, "--storage-s3-endpoint-url", s3_url)
    run = snakemake(on_s3, *command, python=sys.executable)
    local = copy_project(tmp_path / "local")
    snakemake(local, *targets)
    objects = bucket.objects.filter(Prefix="results/")
    stored = {item.key: item.get()["Body"].read() for item in objects if "/.settings/" not in item.key}
    assert {key.removeprefix("results/"): data for key, data in stored.items()} == files(local / "results")
    assert not (on_s3 / "results").exists()
    assert "The results are in s3://digits/results, made in " in run.output
    assert "Nothing to be done" in snakemake(on_s3, *command, python=sys.executable).output
    snakemake(on_s3, *command, "--forcerun", "decompress", python=sys.executable)
    of_results = ("checksums", *command[2:])
    run = snakemake(on_s3, *of_results, python=sys.executable, succeed=False)
    assert "s3://digits/results: verify and checksums look at files on this disk, not in a storage" in run.output
    for key, data in stored.items():
        put(tmp_path / "copied" / key, data)
    snakemake(on_s3, "checksums", "--cores", "2", "--directory", str(tmp_path / "copied"))
    listed = (tmp_path / "copied/results/mnist-sample/SHA256SUMS").read_text().splitlines()
    assert {line.split()[1] for line in listed} == {key.partition("mnist-sample/")[2] for key in stored}
