"""A recurrent autoencoder: an image as a sequence of rows."""

from torch import Tensor, nn

from aecore.config import RecurrentConfig
from aecore.models.base import ACTIVATIONS, Autoencoder
from aecore.models.drawing import Dropout


class RecurrentAutoencoder(Autoencoder):
    """code = c(W h_H + b), h_i = LSTM(row_i, h_{i-1});  row_i = o(V g_i + d), g_i = LSTM(code, g_{i-1})

    One LSTM reads the H rows from the top, all channels of a row at once; what it remembers after the last
    becomes the code. Another, shown the code at every row, writes the rows from the top.
    Srivastava et al., Unsupervised Learning of Video Representations using LSTMs, 2015, with frames as rows.
    """

    config: RecurrentConfig

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__(config)
        channels, _, width = config.image_shape
        self.input_dropout = Dropout(config.input_dropout) if config.input_dropout else nn.Identity()
        self.hidden_dropout = Dropout(config.hidden_dropout) if config.hidden_dropout else nn.Identity()
        self.read = nn.LSTM(channels * width, config.memory, batch_first=True)
        self.to_code = nn.Sequential(
            nn.Linear(config.memory, config.code_size), ACTIVATIONS[config.code_activation]()
        )
        self.write = nn.LSTM(config.code_size, config.memory, batch_first=True)
        self.to_row = nn.Sequential(
            nn.Linear(config.memory, channels * width), ACTIVATIONS[config.output_activation]()
        )

    def units(self, images: Tensor) -> Tensor:
        rows = self.input_dropout(images).transpose(1, 2).flatten(2)
        _, (remembered, _) = self.read(rows)
        return self.to_code(self.hidden_dropout(remembered[-1]))

    def decode(self, codes: Tensor) -> Tensor:
        channels, height, width = self.config.image_shape
        written, _ = self.write(codes[:, None].expand(-1, height, -1))
        rows = self.to_row(self.hidden_dropout(written))
        return rows.unflatten(2, (channels, width)).transpose(1, 2)
