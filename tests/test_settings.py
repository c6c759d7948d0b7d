"""Settings: every mistake is one sentence with name, value and way out, and JSON keeps them all."""

import json
import math

import pytest
from pydantic import ValidationError

from aecore import data, device
from aecore.config import (
    MODEL_CONFIGS,
    AnyModelConfig,
    ConvConfig,
    ConvDenseConfig,
    ConvMapConfig,
    ConvResidualConfig,
    ConvWinnersConfig,
    DataConfig,
    DenseConfig,
    Experiment,
    RecurrentConfig,
    TrainConfig,
    VariationalConfig,
)
from aecore.settings import SettingsError, limits

CONFIGS = [*MODEL_CONFIGS.values(), DataConfig, TrainConfig]

OTHERS = [
    DenseConfig(
        image_shape=(3, 16, 16),
        hidden=(128, 64, 36, 18),
        code_size=9,
        activation="leaky_relu",
        code_activation="tanh",
        output_activation="identity",
        weight_std=0.05,
    ),
    DenseConfig(hidden=()),
    ConvConfig(channels=(8, 16, 32), code_size=2, activation="silu"),
    DataConfig(dataset="patches", train_count=10, validation_share=0.1, split_seed=2**32 - 1),
    TrainConfig(
        epochs=7,
        batch_size=33,
        loss="l1",
        optimizer="sgd",
        learning_rate=0.1 + 0.2,
        schedule="plateau",
        plateau_patience=0,
        plateau_divisor=1.5,
        weight_decay=1e-5,
        momentum=0.0,
        seed=12345,
        early_stop=4,
        keep_best=False,
    ),
]


@pytest.mark.parametrize("config", [config() for config in CONFIGS] + OTHERS, ids=repr)
def test_json_keeps_every_setting(config):
    assert type(config)(**json.loads(json.dumps(config.model_dump(mode="json")))) == config


@pytest.mark.parametrize("model", [config() for config in MODEL_CONFIGS.values()] + OTHERS[:3], ids=repr)
def test_json_keeps_an_experiment_and_the_kind_of_its_model(model):
    experiment = Experiment(recipe="mine", model=model, data=OTHERS[3], train=TrainConfig(epochs=2))
    again = Experiment(**json.loads(json.dumps(experiment.model_dump(mode="json"))))
    assert again == experiment
    assert type(again.model) is type(model)


@pytest.mark.parametrize("config", [config() for config in CONFIGS], ids=repr)
def test_settings_are_frozen(config):
    for name in type(config).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(config, name, getattr(config, name))


@pytest.mark.parametrize("config", [*CONFIGS, Experiment])
def test_every_setting_has_a_default_and_all_but_the_groups_explain_themselves(config):
    config()
    for name, field in config.model_fields.items():
        if name not in ("model", "data", "train"):
            assert field.description, name


def test_the_data_sets_to_choose_from_are_those_there_are():
    assert DataConfig.model_json_schema()["properties"]["dataset"]["enum"] == list(data.SOURCES)


def test_the_kinds_of_model_are_those_of_the_union_of_configs():
    union = AnyModelConfig.__origin__.__args__
    assert {config.model_fields["kind"].default: config for config in union} == MODEL_CONFIGS


JOINT = {"active", "lifetime", "code_size", "channels", "kernel_size", "image_shape"}
"""Settings that others limit, too, in some kind of model; mistakes in them are worked examples below."""


def bounds():
    """(config, setting, inside, outside) for both ends of every range in every config."""
    for config in CONFIGS:
        apart = JOINT if config not in (DenseConfig, ConvConfig) else {"active"}
        for name, schema in config.model_json_schema()["properties"].items():
            if name in apart:
                continue
            for one in schema.get("anyOf", [schema]):
                for inside, outside in ends(one):
                    yield pytest.param(config, name, inside, outside, id=f"{name}={outside}")
                if one.get("type") == "array":
                    item = one.get("items") or one["prefixItems"][0]
                    count = max(1, one.get("minItems", 0))
                    for inside, outside in ends(item):
                        lists = ([inside] * count, [outside] + [inside] * (count - 1))
                        yield pytest.param(config, name, *lists, id=f"{name}[0]={outside}")
                    fewest, most = one.get("minItems", 0), one["maxItems"]
                    yield pytest.param(config, name, [1] * most, [1] * (most + 1), id=f"{name} too long")
                    if fewest:
                        yield pytest.param(config, name, [1] * fewest, [1] * (fewest - 1), id=f"{name} short")


def ends(schema):
    """(inside, outside) for each limit of a number: neighbours, as close as the type has them."""
    whole = schema.get("type") == "integer"

    def towards(value, direction):
        return value + direction if whole else math.nextafter(value, direction * math.inf)

    for key, value in schema.items():
        match key:
            case "minimum":
                yield value, towards(value, -1)
            case "maximum":
                yield value, towards(value, 1)
            case "exclusiveMinimum":
                yield towards(value, 1), value
            case "exclusiveMaximum":
                yield towards(value, -1), value


@pytest.mark.parametrize(("config", "name", "inside", "outside"), list(bounds()))
def test_a_value_just_inside_its_limits_is_taken_and_one_just_outside_refused(config, name, inside, outside):
    taken = getattr(config(**{name: inside}), name)
    assert (list(taken) if isinstance(inside, list) else taken) == inside
    with pytest.raises(SettingsError, match=f"^{name}.* is .*: choose "):
        config(**{name: outside})


@pytest.mark.parametrize("config", CONFIGS)
def test_every_number_has_a_limit_at_both_ends(config):
    """All but train_count, whose upper limit is the data set's."""
    for name, schema in config.model_json_schema()["properties"].items():
        for one in schema.get("anyOf", [schema]):
            number = (one.get("items") or one["prefixItems"][0]) if one.get("type") == "array" else one
            if number.get("type") in ("integer", "number"):
                assert {"minimum", "exclusiveMinimum"} & number.keys(), name
                assert {"maximum", "exclusiveMaximum"} & number.keys() or name == "train_count", name


SENTENCES = [
    (lambda: TrainConfig(epochs=0), "epochs is 0: choose a whole number, 1 to 10,000"),
    (lambda: TrainConfig(epochs=2.5), "epochs is 2.5: choose a whole number, 1 to 10,000"),
    (lambda: TrainConfig(epochs="many"), "epochs is many: choose a whole number, 1 to 10,000"),
    (lambda: TrainConfig(epochs=None), "epochs is None: choose a whole number, 1 to 10,000"),
    (lambda: TrainConfig(epochs=[5]), "epochs is [5]: choose a whole number, 1 to 10,000"),
    (lambda: TrainConfig(epochs=10**30), f"epochs is 1{'0' * 30}: choose a whole number, 1 to 10,000"),
    (lambda: TrainConfig(learning_rate=math.nan), "learning_rate is nan: choose more than 0 and at most 10"),
    (lambda: TrainConfig(learning_rate=math.inf), "learning_rate is inf: choose more than 0 and at most 10"),
    (lambda: TrainConfig(learning_rate="fast"), "learning_rate is fast: choose more than 0 and at most 10"),
    (lambda: TrainConfig(momentum=1), "momentum is 1: choose 0 or more and less than 1"),
    (lambda: TrainConfig(early_stop=0), "early_stop is 0: choose a whole number, 1 to 1,000, or none"),
    (lambda: TrainConfig(keep_best="maybe"), "keep_best is maybe: choose true or false"),
    (lambda: TrainConfig(loss="mae"), "loss is mae: choose mse, bce or l1"),
    (lambda: TrainConfig(epoch=5), "epoch is not a setting: did you mean epochs?"),
    (lambda: DataConfig(train_count=9), "train_count is 9: choose a whole number, 10 or more, or none"),
    (lambda: DataConfig(validation_share=0.6), "validation_share is 0.6: choose 0 to 0.5"),
    (
        lambda: DataConfig(zzz=1),
        "zzz is not a setting: choose from classes, dataset, input_transform, least_noise, noise, "
        "noise_clip, noise_level, split_seed, target_transform, train_count, validation_share",
    ),
    (lambda: DenseConfig(weight_std=0), "weight_std is 0: choose more than 0 and at most 10, or none"),
    (
        lambda: DenseConfig(hidden=(512, 0)),
        "hidden is 0: choose at most 16 whole numbers separated by commas, each 1 to 65,536",
    ),
    (
        lambda: DenseConfig(hidden="5,x"),
        "hidden is x: choose at most 16 whole numbers separated by commas, each 1 to 65,536",
    ),
    (
        lambda: DenseConfig(hidden=5),
        "hidden is 5: choose at most 16 whole numbers separated by commas, each 1 to 65,536",
    ),
    (
        lambda: ConvConfig(channels=()),
        "channels is empty: choose 1 to 8 whole numbers separated by commas, each 1 to 65,536",
    ),
    (
        lambda: DenseConfig(image_shape=(1, 28)),
        "image_shape[2] is missing: choose 3 whole numbers separated by commas, each 1 to 1,024",
    ),
    (
        lambda: DenseConfig(image_shape=(1, 28, 28, 1)),
        "image_shape is (1, 28, 28, 1): choose 3 whole numbers separated by commas, each 1 to 1,024",
    ),
    (lambda: DenseConfig(kind="conv"), "kind is conv: choose dense"),
    (lambda: Experiment(model=5), "model is 5: choose a group of settings"),
    (lambda: Experiment(data="mnist"), "data is mnist: choose a group of settings"),
    (
        lambda: Experiment(model={}),
        "kind is missing: choose conv, conv-dense, conv-map, conv-residual, "
        "conv-winners, dense, recurrent or variational",
    ),
    (
        lambda: Experiment(model={"kind": "vae"}),
        "kind is vae: choose conv, conv-dense, conv-map, conv-residual, "
        "conv-winners, dense, recurrent or variational",
    ),
    (
        lambda: Experiment(model={"kind": "dense", "hiden": (5,)}),
        "hiden is not a setting: did you mean hidden?",
    ),
    (lambda: Experiment(train={"epochs": 0}), "epochs is 0: choose a whole number, 1 to 10,000"),
    (
        lambda: Experiment(model=DenseConfig(output_activation="identity"), train=TrainConfig(loss="bce")),
        "output_activation is identity: choose sigmoid, bce needs pixels between 0 and 1",
    ),
    (
        lambda: Experiment(data=DataConfig(validation_share=0), train=TrainConfig(early_stop=3)),
        "validation_share is 0: choose up to 0.5, early_stop watches held-out images",
    ),
    (lambda: TrainConfig().replace(epochs=0), "epochs is 0: choose a whole number, 1 to 10,000"),
    (lambda: Experiment().with_settings({"epoch": 5}), "epoch is not a setting: did you mean epochs?"),
    (lambda: Experiment().with_settings({"epochs": 0}), "epochs is 0: choose a whole number, 1 to 10,000"),
    (
        lambda: Experiment().with_settings({"kind": "vae"}),
        "kind is vae: choose dense, conv, conv-dense, conv-map, conv-residual, "
        "conv-winners, recurrent or variational",
    ),
    (lambda: DenseConfig(active=33), "active is 33: choose 1 to 32 (the code size)"),
    (
        lambda: DenseConfig(active=1.5),
        "active is 1.5: choose a whole number, 1 to 65,536, or more than 0 and less than 1, or none",
    ),
    (lambda: DenseConfig(lifetime=1), "lifetime is 1: choose more than 0 and less than 1, or none"),
    (
        lambda: DenseConfig(tied=True, decoder_hidden=(30,)),
        "decoder_hidden is 30: choose 512 or none, a tied decoder is the encoder's mirror",
    ),
    (
        lambda: ConvDenseConfig(kernel_size=8),
        "kernel_size is 8: choose at most 7, or fewer convolutions, nothing is left of 28×28 pixels",
    ),
    (
        lambda: ConvDenseConfig(image_shape=(1, 8, 8), kernel_size=3),
        "kernel_size is 3: choose at most 2, or fewer convolutions, nothing is left of 8×8 pixels",
    ),
    (
        lambda: ConvDenseConfig(code_size=9),
        "code_size is 9: choose 128, the layers end with 8 channels of 4×4",
    ),
    (
        lambda: ConvResidualConfig(code_size=9, channels=(2,)),
        "code_size is 9: choose 1176, the layers end with 2 channels of 14×14, and the picture's 784 numbers "
        "go along",
    ),
    (
        lambda: ConvResidualConfig(active=3),
        "active is 3: choose none, this code carries the picture along",
    ),
    (lambda: ConvMapConfig(kernel_size=4), "kernel_size is 4: choose an odd number, it needs a middle"),
    (
        lambda: VariationalConfig(active=3),
        "active is 3: choose none, a variational code is not sparse",
    ),
    (lambda: VariationalConfig(code_activation="sigmoid"), "code_activation is sigmoid: choose identity"),
    (
        lambda: ConvWinnersConfig(active=3),
        "active is 3: choose none, each map has one winner",
    ),
    (lambda: RecurrentConfig(activation="relu"), "activation is relu: choose tanh"),
    (lambda: TrainConfig(kl_target=1), "kl_target is 1: choose more than 0 and less than 1"),
    (
        lambda: Experiment(train=TrainConfig(kl_weight=0.1)),
        "code_activation is identity: choose sigmoid, or kl_normalised true, "
        "kl_weight compares activities between 0 and 1",
    ),
    (
        lambda: DataConfig(noise="masking", noise_level=1.5),
        "noise_level is 1.5: choose up to 1, masking sets a share",
    ),
    (
        lambda: DataConfig(noise="gaussian", noise_level=0.1, least_noise=0.2),
        "least_noise is 0.2: choose up to 0.1 (the noise_level)",
    ),
    (
        lambda: Experiment(train=TrainConfig(pair_epochs=(1, 2, 3))),
        "pair_epochs is 1, 2, 3: choose one number or 2, one for each pair of layers",
    ),
    (
        lambda: Experiment(model=ConvConfig(), train=TrainConfig(pair_epochs=(1,))),
        "pair_epochs is 1: choose none, "
        "only a dense model whose decoder mirrors the encoder is trained layer by layer",
    ),
    (
        lambda: Experiment(train=TrainConfig(untied_epochs=3)),
        "untied_epochs is 3: choose 0, only a tied decoder can be untied",
    ),
    (lambda: device.choose("tpu:7"), f"device is tpu:7: choose {' or '.join(device.devices())}"),
]


@pytest.mark.parametrize(("mistake", "sentence"), SENTENCES, ids=[sentence for _, sentence in SENTENCES])
def test_a_mistake_is_one_sentence(mistake, sentence):
    with pytest.raises(SettingsError) as error:
        mistake()
    assert str(error.value) == sentence


def test_two_mistakes_are_told_together():
    with pytest.raises(SettingsError, match="^epochs is 0: choose .*; batch_size is -1: choose "):
        TrainConfig(epochs=0, batch_size=-1)


def test_limits_are_words_a_form_can_show():
    schema = TrainConfig.model_json_schema()["properties"]
    assert limits(schema["batch_size"]) == "a whole number, 1 to 65,536"
    assert limits(schema["optimizer"]) == "adam, adamw or sgd"
    assert limits(schema["keep_best"]) == "true or false"
    assert limits(schema["early_stop"]) == "a whole number, 1 to 1,000, or none"
    assert limits(schema["plateau_divisor"]) == "more than 1 and at most 1,000"


def test_text_from_a_command_line_is_understood():
    changed = Experiment().with_settings(
        {"epochs": "5", "learning_rate": "1e-2", "hidden": "256, 64,", "keep_best": "false"}
    )
    assert (changed.train.epochs, changed.train.learning_rate) == (5, 0.01)
    assert changed.model.hidden == (256, 64)
    assert changed.train.keep_best is False


def test_a_share_of_the_code_is_a_count_of_at_least_one():
    counts = {share: DenseConfig(code_size=10, active=share).active_count for share in (0.01, 0.25, 0.5, 3)}
    assert counts == {0.01: 1, 0.25: 2, 0.5: 5, 3: 3}
    assert DenseConfig(code_size=10).active_count == 10
    typed = Experiment().with_settings({"code_size": "10", "active": "0.5"}).model
    assert (typed.active, typed.active_count) == (0.5, 5)


def test_a_code_that_follows_from_the_layers_has_their_size():
    assert ConvDenseConfig().code_size == 8 * 4 * 4
    assert ConvMapConfig().code_size == 32 * 7 * 7
    assert ConvMapConfig(image_shape="1, 31, 17", channels="4, 5, 6").code_size == 6 * 4 * 3
    assert ConvResidualConfig(image_shape="1, 31, 17", channels="4, 5, 6").code_size == 6 * 4 * 3 + 31 * 17
    wider = Experiment().with_settings({"kind": "conv-map"}).with_settings({"channels": "2"}).model
    assert wider.code_size == 2 * 14 * 14
    switched = Experiment().with_settings({"kind": "conv-map", "channels": "2"}).model
    assert switched.code_size == 2 * 14 * 14


def test_phases_are_read_from_the_epochs():
    def names(experiment):
        return [(phase.name, phase.epochs, phase.pair, phase.untied) for phase in experiment.phases]

    plain = Experiment(model=DenseConfig(hidden=(64, 16), tied=True), train=TrainConfig(epochs=7))
    assert names(plain) == [("", 7, None, False)]
    assert names(plain.with_settings({"untied_epochs": 2})) == [
        ("tied", 7, None, False),
        ("untied", 2, None, True),
    ]
    layer_wise = plain.with_settings({"pair_epochs": "3", "untied_epochs": 1})
    assert names(layer_wise) == [
        ("layer pair 1", 3, 1, False),
        ("layer pair 2", 3, 2, False),
        ("layer pair 3", 3, 3, False),
        ("all layers", 7, None, False),
        ("untied", 1, None, True),
    ]
    assert layer_wise.epochs == 17
    assert [phase.epochs for phase in plain.with_settings({"pair_epochs": (1, 2, 3)}).phases] == [1, 2, 3, 7]


def test_a_code_that_can_copy_is_warned_about_and_one_that_cannot_is_not():
    wide = Experiment(model=DenseConfig(code_size=784))
    assert [text for text in wide.warnings if text.startswith("A code of 784 numbers is as wide")]
    for held_back in (
        {"code_size": 783},
        {"active": 25},
        {"lifetime": 0.05},
        {"input_dropout": 0.2},
        {"l1_weight": 1e-4},
        {"noise": "masking"},
        {"input_transform": "half"},
    ):
        assert wide.with_settings(held_back).warnings == []


def test_with_settings_changes_what_is_named_and_nothing_else():
    experiment = Experiment(
        recipe="mine",
        model=DenseConfig(hidden=(64,), activation="silu"),
        data=DataConfig(split_seed=3),
        train=TrainConfig(seed=4),
    )
    changed = experiment.with_settings({"code_size": 16, "split_seed": 5, "epochs": 6})
    assert changed == Experiment(
        recipe="mine",
        model=DenseConfig(hidden=(64,), activation="silu", code_size=16),
        data=DataConfig(split_seed=5),
        train=TrainConfig(seed=4, epochs=6),
    )
    assert experiment.model.code_size == DenseConfig().code_size  # the first is as it was


def test_another_kind_keeps_what_all_models_share():
    experiment = Experiment(
        model=DenseConfig(hidden=(64,), code_size=5, weight_std=0.1, image_shape=(3, 9, 9))
    )
    changed = experiment.with_settings({"kind": "conv", "channels": (4,), "activation": "tanh"})
    assert changed.model == ConvConfig(
        code_size=5, weight_std=0.1, image_shape=(3, 9, 9), channels=(4,), activation="tanh"
    )
    with pytest.raises(SettingsError, match="^hidden is not a setting"):
        experiment.with_settings({"kind": "conv", "hidden": (64,)})
    assert experiment.with_settings({"kind": "dense", "code_size": 6}).model.hidden == (64,)


def test_the_device_is_the_one_named_else_that_of_the_environment_else_the_fastest(monkeypatch):
    present = device.devices()
    assert present[-1] == "cpu"
    monkeypatch.delenv("AECORE_DEVICE", raising=False)
    assert device.choose() == present[0]
    monkeypatch.setenv("AECORE_DEVICE", "cpu")
    assert device.choose() == "cpu"
    monkeypatch.setenv("AECORE_DEVICE", "abacus")
    assert device.choose("cpu") == "cpu"
    with pytest.raises(SettingsError, match="^device is abacus: choose "):
        device.choose()
