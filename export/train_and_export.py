"""Train the notebook's Keras LSTM and convert it to ONNX through tf2onnx: `charlm-tui train`.

Runs from a checkout with only the dependencies installed. charlm_tui/cli/train.py has the options.
In charlm_tui/training/, corpus.py reads the text, network.py and train.py train, onnx_export.py
converts and checks, tf_process.py does so where TensorFlow is, and run.py puts them together;
keras_file.py and from_keras.py read and convert what Keras itself has saved.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from charlm_tui.cli import main
from charlm_tui.cli.train import train

if __name__ == "__main__":
    main(train)
