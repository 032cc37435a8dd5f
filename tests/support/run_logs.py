"""One record of each kind, as a training run logs them."""

from charlm_tui.runs.records import Began, Changed, Ended, Measured, Record, Sampled, Trained

BEGAN = Began(
    at=0.0, started=1.5e9, process=42, out="m.onnx", device="CPU", measured_on="held-out",
    parameters=2640, characters=11_715, batches=4, epochs=3, corpus={"name": "w.txt"},
)  # fmt: skip
BATCH = Trained(
    at=1.25, epoch=1, batch=3, batches=4, loss_nats=2.5, rate=0.01, characters_per_s=900.0, done=0.1
)
EPOCH = Measured(at=2.0, epoch=1, training_nats=2.0, measured_nats=1.0, seconds=1.5, best=True)
SAMPLE = Sampled(at=2.1, epoch=1, seed="a", rng_seed=42, temperature=0.5, text="b\n\x1b[0m\ud800")
CHANGE = Changed(at=2.5, epoch=2, batch=1, request={"rate": 0.5})
END = Ended(at=3.0, reason="finished", held_out_nats=1.0, file="m.onnx")
ALL: tuple[Record, ...] = (BEGAN, BATCH, EPOCH, SAMPLE, CHANGE, END)
