"""Sphinx configuration of the documentation, which `make docs` builds from the notebooks."""
from configparser import ConfigParser
from pathlib import Path

import plotly

parser = ConfigParser(delimiters="=", interpolation=None)
parser.read(Path(__file__).parents[1] / "settings.ini", encoding="utf-8")
settings = parser["DEFAULT"]

project = html_title = settings["title"]
author = settings["author"]
copyright = settings["copyright"]
version = release = settings["version"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx-mathjax-offline",  # mathematics without a request to the outside
    "flowdiff.tools.site",  # what a notebook needs beside MyST-NB to be a page
]
repository = settings["git_url"]
exclude_patterns = ["tests", "tests_browser", "_templates", "**.ipynb_checkpoints"]
templates_path = ["_templates"]

nb_execution_mode = "off"  # outputs are those that the notebooks hold
nb_output_stderr = "remove"  # progress bars
nb_merge_streams = True
nb_render_markdown_format = "myst"  # CommonMark alone knows no tables
nb_mime_priority_overrides = [("html", "text/html", 1), ("html", "image/png", 2)]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3

autosummary_imported_members = False
autodoc_typehints_format = "short"
default_role = "code"
python_use_unqualified_type_names = True

html_theme = "furo"
html_favicon = "_templates/favicon.svg"
html_show_sphinx = False
html_copy_source = False
html_static_path = [
    "_templates/site.css",
    str(Path(plotly.__file__).parent / "package_data" / "plotly.min.js"),
]
html_css_files = ["site.css"]
