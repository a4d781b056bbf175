"""MkDocs hooks: the generated reference pages become part of the site (`docs/generate.py`)."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs.generate import PAGES


def on_files(files: Files, /, *, config: MkDocsConfig) -> Files:
    for path, page in PAGES.items():
        files.append(File.generated(config, path, content=page()))
    return files
