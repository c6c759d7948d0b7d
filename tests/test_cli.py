"""`python -m aecore` as a person meets it: what it prints, what it leaves behind, what it refuses."""

import json
import operator
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from aecore import bench, data, runs
from aecore.cli import main
from aecore.recipes import RECIPES

ROOT = Path(__file__).parents[1]
TINY = ["--data", "digits", "--set", "train_count=200", "--set", "hidden=32", "--set", "code_size=8"]


@pytest.fixture
def cli(capsys):
    """Runs a command in this process: (exit code, standard output, standard error)."""

    def run(*words: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(list(words))
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


def test_train_prints_one_json_document_and_keeps_the_run(cli):
    code, out, err = cli("train", "lab-32", *TINY, "--epochs", "3", "--json")
    printed = json.loads(out)
    assert code == 0
    assert {"run", "recipe", "test_mse", "pca_mse", "seconds", "images_per_second"} <= printed.keys()
    assert (printed["recipe"], printed["epochs"]) == ("lab-32", 3)
    assert runs.get(printed["run"]).result.test_mse == printed["test_mse"]
    assert "epoch   3" in err


def test_the_printed_loss_falls(cli):
    _, out, err = cli("train", "lab-32", *TINY, "--epochs", "12")
    losses = [float(loss) for loss in re.findall(r"train ([0-9.]+)", err)]
    assert len(losses) == 12
    assert losses[-1] < 0.7 * losses[0]
    assert "test error (MSE)" in out and "PCA of the same size" in out and "mean image" in out


def test_a_training_takes_the_smallest_numbers_for_zero():
    with ThreadPoolExecutor(1) as thread:  # it is a thread that does so
        thread.submit(main, ["train", "lab-32", *TINY, "--epochs", "1"]).exception()
        assert thread.submit(operator.mul, 1e-309, 0.5).result() == 0


def test_a_run_opens_in_a_new_process_with_the_same_figures(cli):
    _, out, _ = cli("train", "lab-32", *TINY, "--epochs", "2", "--json")
    run = json.loads(out)
    answer = subprocess.run(
        [sys.executable, "-m", "aecore", "runs", "evaluate", run["run"], "--json"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert json.loads(answer.stdout)["test_mse"] == pytest.approx(run["test_mse"], rel=1e-6)


def test_a_run_can_be_listed_shown_renamed_noted_and_deleted(cli):
    _, out, _ = cli("train", "lab-32", *TINY, "--epochs", "1", "--json")
    run = json.loads(out)["run"]
    cli("runs", "rename", run, "The *first*")
    cli("runs", "note", run, "a note")
    listed = [each for each in json.loads(cli("runs", "--json")[1]) if each["run"] == run]
    assert [(each["name"], each["note"], each["status"]) for each in listed] == [
        ("The *first*", "a note", "finished")
    ]
    assert "The *first*" in cli("runs")[1]
    assert "a note" in cli("runs", "show", run)[1]
    assert cli("runs", "delete", run, "--yes")[0] == 0
    assert cli("runs", "show", run)[0] == 2


def test_an_experiment_in_a_file_is_trained_as_it_is_and_with_changes(cli, own_home, tmp_path):
    _, out, _ = cli("train", "lab-32", *TINY, "--epochs", "1", "--json")
    first = json.loads(out)
    config = own_home / "runs" / first["run"] / "config.json"
    again = json.loads(cli("train", "--experiment", str(config), "--json")[1])
    assert again["run"] != first["run"]
    assert again["experiment"] == first["experiment"]
    assert again["test_mse"] == first["test_mse"]

    listed = {each["name"]: each for each in json.loads(cli("recipes", "--json")[1])}
    own = tmp_path / "own.json"
    own.write_text(json.dumps(listed["gfg-9"]["experiment"]))
    _, out, _ = cli("train", "--experiment", str(own), *TINY, "--epochs", "1", "--json")
    made = json.loads(out)
    assert (made["recipe"], made["experiment"]["data"]["dataset"]) == ("gfg-9", "digits")
    assert made["experiment"]["model"]["hidden"] == [32]

    of_patches = ("--data", "patches", "--epochs", "1", "--set", "train_count=64", "--json")
    made = json.loads(cli("train", "--experiment", str(config), *of_patches)[1])
    assert made["experiment"]["model"]["image_shape"] == [3, 16, 16]
    code, _, err = cli("train", "--experiment", str(config), "--data", "cifar")
    assert (code, err) == (2, "dataset is cifar: choose mnist, fashion-mnist, digits or patches\n")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "own.json cannot be read"),
        ("{", "own.json cannot be read"),
        ("[1]", "own.json holds no experiment: name a run's config.json"),
        ('{"experiment": 3}', "own.json holds no experiment"),
        ('{"modell": {}}', "modell is not a setting: did you mean model?"),
        ('{"train": {"epochs": 0}}', "epochs is 0: choose a whole number, 1 to 10,000"),
        ('{"train": 3}', "train is 3: choose a group of settings"),
        ('{"self": 1}', "self is not a setting: choose from"),
    ],
)
def test_a_file_without_an_experiment_is_one_sentence(cli, own_home, tmp_path, content, sentence):
    own = tmp_path / "own.json"
    if content is not None:
        own.write_text(content)
    code, out, err = cli("train", "--experiment", str(own))
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(own_home.rglob("config.json"))


def test_ctrl_c_leaves_a_run_that_resumes_to_the_end(cli, own_home):
    process = subprocess.Popen(
        [sys.executable, "-m", "aecore", "train", "lab-32", *TINY, "--epochs", "2000"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
    )
    for line in process.stderr:
        if "epoch " in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    run = re.search(r"runs resume (\S+)", err)[1]
    assert runs.get(run).status == "interrupted"
    config = own_home / "runs" / run / "config.json"
    config.write_text(config.read_text().replace('"epochs": 2000', '"epochs": 3'))
    code, out, _ = cli("runs", "resume", run, "--json")
    assert (code, json.loads(out)["status"]) == (0, "finished")


def test_recipes_are_listed_with_source_and_published_figures(cli):
    listed = {recipe["name"]: recipe for recipe in json.loads(cli("recipes", "--json")[1])}
    assert listed.keys() == RECIPES.keys()
    assert all(recipe["source"] and recipe["datasets"] for recipe in listed.values())
    assert len(listed["tf-64"]["published"]) == 4
    assert "tf-64" in cli("recipes")[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "lab-33"], "lab-33 is not a recipe: did you mean lab-32?"),
        (["train", "lab-32", "--experiment", "a.json"], "the recipe lab-32 and the file a.json are named"),
        (["train", "--epochs", "0"], "epochs is 0: choose a whole number, 1 to 10,000"),
        (["train", "--set", "code_size=0"], "code_size is 0: choose a whole number, 1 to 65,536"),
        (["train", "--set", "hidden"], "--set hidden has no value: write it as key=value"),
        (["train", "--set", "hidden=16,,32"], "hidden is empty: choose at most 16 whole numbers"),
        (["train", "--set", "codesize=3"], "codesize is not a setting: did you mean code_size?"),
        (["train", "--data", "cifar"], "dataset is cifar: choose mnist, fashion-mnist, digits or patches"),
        (["train", "gfg-9", "--data", "patches"], "choose mnist, fashion-mnist or digits for gfg-9"),
        (["train", "--device", "cuda:99"], "device is cuda:99: choose "),
        (["train", "--data", "digits", "--set", "train_count=9999"], "choose 10 to 1,437"),
        (["train", "--data", "digits", "--set", "hidden=65536,65536"], "GB of memory: choose smaller layers"),
        (["runs", "show", "../../etc"], "there is no run '../../etc'"),
        (["runs", "resume", "nothing"], "there is no run 'nothing'"),
        (["runs", "rename", "zoo-digits-32", "mine"], "comes with the lab and stays as it is"),
        (["zoo", "zoo-mnist-33"], "zoo-mnist-33 is not a run of the zoo: did you mean zoo-mnist-32?"),
        (["train", "--data", "digits", "--set", "dataset=patches"], "both digits and patches: choose one"),
        (["train", "--data", "digits", "--set", "image_shape=1,8,8"], "choose 1×28×28, the shape of digits"),
        (["zoo", "--device", "cuda:99"], "device is cuda:99: choose "),
        (["frobnicate"], "frobnicate"),
        (["train", "--frobnicate"], "--frobnicate"),
    ],
)
def test_bad_input_is_one_sentence_exit_code_2_and_nothing_written(cli, own_home, words, sentence):
    code, out, err = cli(*words)
    assert code == 2
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""
    assert not own_home.exists()


def test_more_images_than_the_chosen_classes_have_are_refused_before_anything_is_written(cli, own_home):
    code, _, err = cli("train", "lab-32", *TINY[:2], "--set", "classes=3", "--set", "train_count=1000")
    assert code == 2
    assert re.fullmatch(
        r"train_count is 1,000: choose 10 to \d+ \(images of digits of these classes\)\n", err
    )
    assert not (own_home / "runs").exists()


def test_resuming_a_finished_run_is_refused_in_one_sentence(cli):
    _, out, _ = cli("train", "lab-32", *TINY, "--epochs", "1", "--json")
    code, out, err = cli("runs", "resume", json.loads(out)["run"])
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert "start a new run" in err


def test_a_home_that_cannot_be_is_one_sentence(cli, own_home):
    own_home.write_text("a file, not a folder")
    code, _, err = cli("train", "lab-32", *TINY, "--epochs", "1")
    assert code == 2
    assert len(err.strip().splitlines()) == 1
    assert str(own_home) in err


def test_a_damaged_data_file_is_one_sentence(cli, own_home, monkeypatch, tmp_path):
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (raw / f"{name}-ubyte").write_bytes(b"not an image")
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    code, _, err = cli("train", "lab-32")
    assert code == 2
    assert str(raw / "train-images-idx3-ubyte") in err
    assert len(err.strip().splitlines()) == 1
    assert not (own_home / "runs").exists()


def test_a_run_that_diverges_says_why_and_exits_with_1(cli):
    settings = ["--set", "optimizer=sgd", "--set", "learning_rate=10", "--set", "output_activation=identity"]
    code, out, err = cli(
        "train",
        "gfg-9-working",
        "--data",
        "digits",
        "--epochs",
        "2",
        *settings,
        "--set",
        "activation=identity",
    )
    assert code == 1
    assert "no longer a number" in err and "learning_rate" in err
    assert "diverged" in out


@pytest.mark.parametrize(
    ("recipe", "dataset"),
    [(name, dataset) for name, recipe in RECIPES.items() for dataset in recipe.datasets],
)
def test_every_recipe_makes_a_valid_experiment_for_every_data_set_it_names(recipe, dataset):
    experiment = RECIPES[recipe].on(dataset)
    assert (experiment.recipe, experiment.data.dataset) == (recipe, dataset)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_on_a_data_set_that_needs_no_network(cli, recipe):
    dataset = "digits" if "digits" in RECIPES[recipe].datasets else "patches"
    code, out, _ = cli(
        "train", recipe, "--data", dataset, "--epochs", "1", "--set", "train_count=64", "--json"
    )
    assert code == 0
    assert json.loads(out)["test_mse"] > 0


@pytest.mark.slow
def test_bench_measures_everything_it_prints(monkeypatch):
    if not data.available("mnist"):
        pytest.skip("bench trains on MNIST, which is not on this machine")
    whole = data.load("mnist")
    few = replace(whole, train_images=whole.train_images[:512], train_labels=whole.train_labels[:512])
    monkeypatch.setattr(bench, "ROUNDS", 1)
    heard = []
    figures = bench.measure(few, lambda share, _: heard.append(share))
    printed = bench.table(figures)
    assert heard == sorted(heard)
    assert set(figures["share_of_matmul_limit"]) == set(bench.NETWORKS)
    assert all(share > 0 for share in figures["share_of_matmul_limit"].values())
    assert set(figures["share_of_products_alone"]) == set(bench.NETWORKS)
    assert set(figures["times_longer"]) == set(bench.PARTS)
    assert all(times > 0 for times in figures["times_longer"].values())
    assert set(figures["convolutions_times_faster"]) == set(bench.TO_FEW_CHANNELS)
    assert all(times > 0 for times in figures["convolutions_times_faster"].values())
    assert figures["memory_mb"]["peak while training"] > figures["memory_mb"]["torch imported"] > 0
    assert all(name in printed for name in [*bench.NETWORKS, *figures["epoch_seconds"]])
