"""Installs flowdiff. Every fact about the package stands in settings.ini, which nbdev reads too."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
parser = ConfigParser(delimiters="=", interpolation=None)
parser.read(here / "settings.ini", encoding="utf-8")
cfg = parser["DEFAULT"]
lib = cfg["lib_path"]
# The models that `flowdiff predict` uses travel in the package.
released = "outputs/reference/standard/models"
kinds = ["grey", "binary"]
if (here / released / "tomogram").is_dir():
    kinds.append("tomogram")
models = {f"{lib}.models.{kind}": f"{released}/{kind}" for kind in kinds}

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    url=cfg["git_url"],
    license="Apache-2.0",
    keywords=cfg["keywords"],
    packages=[*find_packages(include=[lib, f"{lib}.*"]), *models],
    package_dir=models,
    package_data={name: ["*"] for name in models},
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg["requirements"].split(),
    extras_require={name: cfg[f"{name}_requirements"].split() for name in ("dev", "docs", "browser", "napari", "slurm")},
    entry_points={
        "console_scripts": [cfg["console_scripts"]],
        "nbdev": [f"{lib}={lib}._modidx:d"],
    },
)
