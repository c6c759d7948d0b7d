"""The command line: everything the pages do with a model, without a browser."""

import sys
from typing import Any

import click
from tqdm import tqdm

from aecore import __version__
from aecore.cli.compression import compress, decompress
from aecore.cli.reproduce import reproduce
from aecore.cli.runs import runs_commands
from aecore.cli.shared import (
    PERCENT,
    TrainingBar,
    advance,
    as_json,
    device_named,
    device_to_train_on,
    load_images,
    on_device,
    print_json,
    print_result,
    summary,
)
from aecore.cli.train import train
from aecore.errors import LabError
from aecore.recipes import RECIPES
from aecore.settings import SettingsError, unknown


class OneSentence(click.Group):
    """Bad input is one sentence on stderr and exit code 2: no traceback, no usage text."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.ClickException as error:
            _fail(error.format_message())
        except LabError as error:
            _fail(str(error))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _fail(f"{where}{error.strerror}; AECORE_HOME must be a folder that can be written and has room")
        except click.Abort:
            sys.exit(130)


def _fail(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(2)


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Autoencoder Lab: train, open and question autoencoders."""


main.add_command(train)
main.add_command(runs_commands)
main.add_command(reproduce)
main.add_command(compress)
main.add_command(decompress)


@main.command()
@as_json
def recipes(as_json: bool) -> None:
    """List every experiment known by name."""
    if as_json:
        print_json(
            [
                {
                    "name": recipe.name,
                    "title": recipe.title,
                    "source": recipe.source,
                    "published": [str(figure) for figure in recipe.published],
                    "note": recipe.note,
                    "datasets": recipe.datasets,
                    "experiment": recipe.experiment.model_dump(mode="json"),
                }
                for recipe in RECIPES.values()
            ]
        )
        return
    for recipe in RECIPES.values():
        click.echo(f"{recipe.name}\n    {recipe.title} ({', '.join(recipe.datasets)})")
        click.echo(f"    Source: {recipe.source}")
        for figure in recipe.published:
            click.echo(f"    Published: {figure}")
        click.echo(f"    {recipe.note}\n")


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@on_device
@as_json
def zoo(names: tuple[str, ...], device: str | None, as_json: bool) -> None:
    """Train the runs that come with the lab afresh: all, or those named. Then run `answers`."""
    from aecore.zoo import ENTRIES, make

    for name in names:
        if name not in ENTRIES:
            raise SettingsError(unknown("run of the zoo", name, ENTRIES))
    device = device_to_train_on(device)
    made = []
    for name in names or ENTRIES:
        made.append(make(name, device, TrainingBar(name).show))
        if not as_json:
            print_result(made[-1])
    if as_json:
        print_json([summary(run) for run in made])


@main.command()
@on_device
def answers(device: str | None) -> None:
    """Compute the answers that come with the lab, where they are missing: `zoo` removes those of the runs it
    renews.
    """
    from aecore.analysis.questions import ship, ship_no_others
    from aecore.zoo import FIRST_QUESTIONS

    device = device_named(device)
    for question in FIRST_QUESTIONS:
        with tqdm(total=1.0, bar_format=PERCENT, leave=False) as bar:
            ship(question, device, lambda share, doing: advance(bar, share, doing))  # noqa: B023, called here
        click.echo(f"{question.analysis} of {question.subject}")
    ship_no_others(FIRST_QUESTIONS)


@main.command()
@as_json
def bench(as_json: bool) -> None:
    """Time training side by side with the tutorials' loop, and against the speed of bare matrix products."""
    from aecore.bench import measure, table
    from aecore.device import prepare_for_training

    prepare_for_training()  # before reading images begins PyTorch's threads
    with tqdm(total=1.0, bar_format=PERCENT, leave=False) as bar:
        figures = measure(load_images("mnist"), lambda share, what: advance(bar, share, what))
    if as_json:
        print_json(figures)
    else:
        click.echo(table(figures))


@main.command()
def engine() -> None:
    """Train for an app: print the address of a Dask scheduler, and end when standard input does."""
    from aecore.jobs.engine import serve

    serve()
