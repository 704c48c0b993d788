"""2,000 jars inside ten war files inside one ear, read in a cold process: `bartizan scan image` on a root file system
in a tar. Bound: 10 s. Beside it Syft, where it is on PATH.

python benchmarks/nested_jars.py [JARS]
"""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.run_process import BARTIZAN, clean_environment, median

WARS = 10
CLASSES = 60
ROUNDS = 3


def main() -> None:
    jars = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "rootfs.tar"
        ear = make_ear(jars)
        with tarfile.open(image, "w") as archive:
            for path, data in (("etc/os-release", b'ID=debian\nVERSION_ID="12"\n'), ("srv/enterprise.ear", ear)):
                info = tarfile.TarInfo(path)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        environment = clean_environment(BARTIZAN_DATA=folder, BARTIZAN_CACHE="")
        words = (*BARTIZAN, "scan", "image", str(image), "--only", "vulnerability", "--format", "json")
        told = subprocess.run(words, env=environment, capture_output=True, check=False).stdout
        found = sum(each.startswith("maven ") for each in json.loads(told)["packages"])
        print(f"{jars:,} jars, {len(ear) >> 20} MB: {found:,} packages found")
        print(f"bartizan  {median(ROUNDS, words, environment).text()}", flush=True)
        if shutil.which("syft"):
            peer = ("syft", "scan", f"file:{image}", "-o", "json")
            quiet = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
            print(f"syft      {median(ROUNDS, peer, quiet).text()}")


def make_ear(jars: int) -> bytes:
    """Libraries as builds make them: two of three with Maven's properties, the others with a manifest alone. Half of
    the war files store their jars, half deflate them."""
    noise = random.Random("nested jars")  # a fixed seed: the same archive on every machine
    code = noise.randbytes(1 << 16) + b"java/lang/Object method return invoke " * 2000
    ear = io.BytesIO()
    with zipfile.ZipFile(ear, "w", zipfile.ZIP_DEFLATED) as outer:
        for war in range(WARS):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as inner:
                for number in range(war, jars, WARS):
                    method = zipfile.ZIP_STORED if war % 2 else zipfile.ZIP_DEFLATED
                    inner.writestr(f"WEB-INF/lib/library-{number}-1.{number % 50}.0.jar", _jar(number, code), method)
            outer.writestr(f"service-{war}.war", packed.getvalue(), zipfile.ZIP_STORED)
    return ear.getvalue()


def _jar(number: int, code: bytes) -> bytes:
    group, name, version = f"org.example.group{number % 90}", f"library-{number}", f"1.{number % 50}.0"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as jar:
        manifest = f"Manifest-Version: 1.0\nImplementation-Title: {name}\nImplementation-Version: {version}\n"
        jar.writestr("META-INF/MANIFEST.MF", manifest)
        if number % 3:
            properties = f"groupId={group}\nartifactId={name}\nversion={version}\n"
            jar.writestr(f"META-INF/maven/{group}/{name}/pom.properties", properties)
        for each in range(CLASSES):
            start = (number * 131 + each * 977) % (len(code) - 2000)
            jar.writestr(f"{group.replace('.', '/')}/Class{each}.class", code[start : start + 1500])
    return packed.getvalue()


if __name__ == "__main__":
    main()
