"""``pivault openapi``: the machine-readable description of the HTTP surface."""

from pathlib import Path

import click

from vault.cli.options import plainly


@click.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to the terminal.")
@plainly
def openapi(output: Path | None) -> None:
    """Print the OpenAPI 3.1 document.

    \b
    Example: pivault openapi --output openapi/openapi.json
    """
    from vault.app import openapi_document

    text = openapi_document()
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text)
        click.echo(f"Wrote {output}.")
