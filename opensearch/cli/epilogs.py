"""The kinds of 3D files, named alike in the help of every verb that reads them."""

from __future__ import annotations

import click

from opensearch.cli.verb import Verb


class ReadsShapes(Verb):
    """A verb whose help ends with the kinds of 3D files; they are looked up only for the help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the kinds below the options."""
        self.epilog = shapes()
        super().format_epilog(ctx, formatter)


def shapes() -> str:
    """A line for what is always read and for each extra."""
    from opensearch.domains.meshes import FORMATS

    kinds: dict[str, list[str]] = {"always": []}
    for suffix, form in FORMATS.items():
        extra = form.extra
        when = f"with pip install 'opensearch-visual[{extra.name}]'" if extra else "always"
        kinds.setdefault(when, []).append(suffix[1:])
    lines = [f"    {when:<45}    {' '.join(names)}" for when, names in kinds.items()]
    other = "    any other kind: its own program exports it as glb or stl."
    return "\n".join(["\b", "3D files:", *lines, other])
