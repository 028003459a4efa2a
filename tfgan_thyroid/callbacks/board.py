"""How a run looks in TensorBoard: a description under each chart, and what belongs together on one page."""

from collections.abc import Iterable

import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary as custom_scalars

from tfgan_thyroid.metric_catalog import METRICS, RESULTS

NETWORKS = {
    "d": "discriminator",
    "td": "texture discriminator",
    "g": "generator",
    "e": "encoder",
    "cd": "code discriminator",
    "eg": "encoder and generator",
}
"""Networks by the first letters of their losses and terms."""
TERMS = {
    "gp_image": "gradient penalty of the discriminator",
    "gp_code": "gradient penalty of the code discriminator",
    "recon_l1": "mean absolute difference of scans and their reconstructions, pixels in [-1, 1]",
    "spectral": "difference of the mean power spectra of scans and generated images",
    "kl": "Kullback-Leibler divergence of the encoded latents from the standard normal distribution, nats",
}
"""Terms with names of their own."""
WANTED = {"lower": "lower is better", "higher": "higher is better", "half": "0.5 is best", "one": "1 is best"}


def headline(names: Iterable[str]) -> list[str]:
    """The names to show where room is short: losses and the terms with names of their own, such as `recon_l1`.

    Left out are the shares of a loss that are named after it, such as `d_real` and `d_generated` of `d_loss`.
    """
    names = list(names)
    losses = [name for name in names if name.endswith("_loss")]
    shares = tuple(name.removesuffix("loss") for name in losses)
    return [name for name in names if name in losses or not name.startswith(shares)]


def describe_loss(name: str) -> str:
    """A line about a loss or one of its terms."""
    network = NETWORKS.get(name.split("_")[0], "model")
    if name.endswith("_loss"):
        return f"What the {network} minimises: the weighted sum of its terms, of this iteration's batch"
    return f"Term of a loss, without its weight: {TERMS.get(name, f'{name}, of the {network}')}"


def describe_metric(name: str) -> str:
    """A line about a metric: what it is and what is wanted."""
    found = RESULTS[name]
    return f"{found.definition}; {WANTED.get(found.goal, 'best as among real images')}; mean over draws"


def write_layout(writer: tf.summary.SummaryWriter, losses: Iterable[str], metrics: Iterable[str]) -> None:
    """Writes the page "Custom scalars": metrics beside real against real, all losses, then each network's terms.

    Args:
        writer: of the run.
        losses: losses and terms, as they are logged.
        metrics: as they are logged.
    """
    losses = list(losses)
    short = headline(losses)
    shown = {"losses": [name for name in short if name.endswith("_loss")]}
    shown["terms of the losses, unweighted"] = [name for name in short if not name.endswith("_loss")]
    for loss in shown["losses"]:
        prefix = loss.removesuffix("loss")
        shown[f"terms of {loss}, unweighted"] = [n for n in losses if n.startswith(prefix) and n != loss]
    charts = {title: [f"losses/{name}" for name in names] for title, names in shown.items() if names}
    layout = layout_pb2.Layout(
        category=[
            _category("Metrics", {name: [f"metrics/{n}" for n in METRICS[name].results] for name in metrics}),
            _category("Losses", charts),
            _category("Speed", {"images a second": ["speed/images_per_second"]}),
        ]
    )
    with writer.as_default(step=0):
        tf.summary.experimental.write_raw_pb(custom_scalars.pb(layout).SerializeToString())


def _category(title: str, charts: dict[str, list[str]]) -> layout_pb2.Category:
    lines = [
        layout_pb2.Chart(title=name, multiline=layout_pb2.MultilineChartContent(tag=[f"^{tag}$" for tag in tags]))
        for name, tags in charts.items()
    ]
    return layout_pb2.Category(title=title, chart=lines)
