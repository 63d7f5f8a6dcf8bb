"""Define Fashion-MNIST: 70,000 articles of clothing, 28x28 pixels."""

from jgen.data.idx_format import Idx, published_files

FROM = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"


class Builder(Idx):
    """Builder of 60,000 images for training and 10,000 for test, in the format of MNIST.

    Articles of clothing: x holds grey values of 28x28 pixels, 0 to 255; label is 0 T-shirt, 1 trouser,
    2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.
    """

    files = published_files(
        FROM,
        train_images="sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        train_labels="sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        test_images="sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        test_labels="sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    )
    homepage = "https://github.com/zalandoresearch/fashion-mnist"
    citation = (
        "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine "
        "learning algorithms, arXiv:1708.07747, 2017."
    )
