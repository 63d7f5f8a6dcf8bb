"""Define MNIST: 70,000 handwritten digits of 28x28 pixels."""

from jgen.data.idx_format import Idx, published_files

FROM = "https://storage.googleapis.com/cvdf-datasets/mnist/"


class Builder(Idx):
    """Builder of 60,000 images for training and 10,000 for test; validate on ``train[50000:]``, say.

    Handwritten digits: x holds grey values of 28x28 pixels, 0 to 255, label the digit.
    """

    files = published_files(
        FROM,
        train_images="sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        train_labels="sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        test_images="sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        test_labels="sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    )
    homepage = "http://yann.lecun.com/exdb/mnist/"
    citation = (
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document "
        "recognition, Proceedings of the IEEE, 1998."
    )
