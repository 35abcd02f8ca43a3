"""Run gen-fraud-graph: takes the scale and the folder to write; it has no seed to give.

Embeddings, by default 768 random numbers, are 8: nobody looks at them.
"""

from __future__ import annotations

import sys

from gen_fraud_graph import Config, FraudGraphGenerator

if __name__ == "__main__":
    settings = Config(scale_factor=float(sys.argv[1]), embedding_dim=8, output_dir=sys.argv[2])
    FraudGraphGenerator(settings).run()
