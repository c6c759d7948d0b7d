"""What each data set is, known without loading it: nothing here imports torch or numpy."""

from dataclasses import dataclass
from typing import Literal

from aecore.data.archive import Archive, IdxFile


@dataclass(frozen=True, kw_only=True)
class Source:
    """One data set: what to tell people about it, and how it is read."""

    name: str
    title: str
    image_shape: tuple[int, int, int]
    """Channels, height, width."""

    train_count: int
    test_count: int
    class_names: tuple[str, ...]
    about: str
    """One sentence for newcomers."""

    origin: str
    """Credit and licence."""

    white_on_black: bool = True
    """Whether each image shows one bright thing on black; a picture of ink on paper is its negative."""

    reader: Literal["idx", "digits", "patches"]
    """The module of aecore.data whose `load` makes the ImageSet."""


@dataclass(frozen=True, kw_only=True)
class IdxSource(Source):
    """A data set that has to be found or downloaded; the others come with scikit-learn."""

    archive: Archive


DIGIT_NAMES = tuple("0123456789")

SOURCES: dict[str, Source] = {
    "mnist": IdxSource(
        name="mnist",
        title="MNIST",
        image_shape=(1, 28, 28),
        train_count=60_000,
        test_count=10_000,
        class_names=DIGIT_NAMES,
        about="70,000 handwritten digits, white on black: the data set most autoencoder tutorials use.",
        origin="Yann LeCun, Corinna Cortes and Christopher Burges, from NIST's collections; CC BY-SA 3.0.",
        reader="idx",
        archive=Archive(
            files=(
                IdxFile(
                    "train-images-idx3-ubyte",
                    (60_000, 28, 28),
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
                IdxFile(
                    "train-labels-idx1-ubyte",
                    (60_000,),
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
                IdxFile(
                    "t10k-images-idx3-ubyte",
                    (10_000, 28, 28),
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
                IdxFile(
                    "t10k-labels-idx1-ubyte",
                    (10_000,),
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            ),
            layouts=("MNIST/raw", "mnist"),
            torchvision="MNIST",
        ),
    ),
    "fashion-mnist": IdxSource(
        name="fashion-mnist",
        title="Fashion-MNIST",
        image_shape=(1, 28, 28),
        train_count=60_000,
        test_count=10_000,
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        about="70,000 small pictures of clothes, shoes and bags: as large as MNIST, and harder.",
        origin="Zalando Research (Han Xiao, Kashif Rasul and Roland Vollgraf, 2017); MIT licence.",
        reader="idx",
        archive=Archive(
            files=(
                IdxFile(
                    "train-images-idx3-ubyte",
                    (60_000, 28, 28),
                    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                ),
                IdxFile(
                    "train-labels-idx1-ubyte",
                    (60_000,),
                    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                ),
                IdxFile(
                    "t10k-images-idx3-ubyte",
                    (10_000, 28, 28),
                    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                ),
                IdxFile(
                    "t10k-labels-idx1-ubyte",
                    (10_000,),
                    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                ),
            ),
            layouts=("FashionMNIST/raw", "fashion-mnist"),
            torchvision="FashionMNIST",
            debian_package="dataset-fashion-mnist",
        ),
    ),
    "digits": Source(
        name="digits",
        title="Handwritten digits (8×8)",
        image_shape=(1, 28, 28),
        train_count=1_437,
        test_count=360,
        class_names=DIGIT_NAMES,
        about="1,797 coarse handwritten digits, enlarged to MNIST's size: always here, without a network.",
        origin="Ethem Alpaydin and Cenk Kaynak, UCI Machine Learning Repository, 1998; CC BY 4.0.",
        reader="digits",
    ),
    "patches": Source(
        name="patches",
        title="Photo patches",
        image_shape=(3, 16, 16),
        train_count=20_000,
        test_count=4_000,
        class_names=("china", "flower"),
        about="24,000 small colour squares cut from two photos, a pagoda by a lake and a dahlia.",
        origin="Photos by danielbuechele and vultilion on Flickr, brought along by scikit-learn; CC BY 2.0.",
        white_on_black=False,
        reader="patches",
    ),
}
