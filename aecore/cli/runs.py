"""`python -m aecore runs`: what was trained here."""

import click

from aecore import runs
from aecore.cli.shared import (
    as_json,
    device_named,
    device_to_train_on,
    figure,
    load_images,
    on_device,
    print_json,
    print_result,
    summary,
    train_run,
)


@click.group("runs", invoke_without_command=True)
@as_json
@click.pass_context
def runs_commands(context: click.Context, as_json: bool) -> None:
    """List the runs kept here, newest first; with a command, work on one."""
    if context.invoked_subcommand:
        return
    for sentence in runs.damaged_runs():
        click.echo(sentence, err=True)
    found = [*runs.list_runs(), *runs.zoo()]
    if as_json:
        print_json([summary(run) for run in found])
        return
    width = max((len(run.id) for run in found), default=2)
    click.echo(f"{'run':{width}}  {'status':11}  {'code':>5}  {'test MSE':>9}  {'PCA':>9}  name")
    for run in found:
        test, pca = (figure(run.result and getattr(run.result, key)) for key in ("test_mse", "pca_mse"))
        code = run.experiment.model.code_size
        click.echo(f"{run.id:{width}}  {run.status:11}  {code:5}  {test:>9}  {pca:>9}  {run.name}")


@runs_commands.command()
@click.argument("run_id", metavar="RUN")
@as_json
def show(run_id: str, as_json: bool) -> None:
    """All that is known about RUN."""
    run = runs.get(run_id)
    if as_json:
        print_json(summary(run))
        return
    click.echo(f"{run.name} ({run.id}), {run.status}, begun {run.created}")
    if run.note:
        click.echo(run.note)
    for part in ("data", "model", "train"):
        settings = getattr(run.experiment, part).model_dump()
        click.echo(f"{part}: " + ", ".join(f"{name} {value}" for name, value in settings.items()))
    print_result(run)


@runs_commands.command()
@click.argument("run_id", metavar="RUN")
@on_device
@as_json
def evaluate(run_id: str, device: str | None, as_json: bool) -> None:
    """Open RUN's model and measure its test error again."""
    run = runs.get(run_id)
    device = device_named(device)
    model = runs.load(run, device)
    settings = run.experiment.data
    images = load_images(settings.dataset).only(settings.classes)

    from aecore.losses import evaluate

    test_mse = evaluate(model, images.test_images.to(device), data=settings)
    stored = run.result.test_mse if run.result else None
    if as_json:
        print_json({"run": run.id, "test_mse": test_mse, "stored_test_mse": stored})
    else:
        click.echo(f"test error (MSE) {test_mse:.6f} now, {figure(stored)} when it was trained")


@runs_commands.command()
@click.argument("run_id", metavar="RUN")
@click.argument("name")
def rename(run_id: str, name: str) -> None:
    """Give RUN another NAME."""
    runs.rename(run_id, name)


@runs_commands.command()
@click.argument("run_id", metavar="RUN")
@click.argument("text")
def note(run_id: str, text: str) -> None:
    """Write a note on RUN; an empty TEXT erases it."""
    runs.annotate(run_id, text)


@runs_commands.command()
@click.argument("run_id", metavar="RUN")
@click.confirmation_option(prompt="Delete this run for good?")
def delete(run_id: str) -> None:
    """Remove RUN for good."""
    runs.delete(run_id)


@runs_commands.command()
@click.argument("run_id", metavar="RUN")
@on_device
@as_json
def resume(run_id: str, device: str | None, as_json: bool) -> None:
    """Go on with an interrupted RUN from its last saved epoch."""
    run, device = runs.get(run_id), device_to_train_on(device)
    train_run(run, load_images(run.experiment.data.dataset), device, as_json)
