"""What of a run's losses and metrics is shown where, and in which words."""

from tfgan_thyroid.callbacks.board import describe_loss, describe_metric, headline


def test_a_line_shows_losses_and_named_terms_and_omits_the_shares_of_a_loss():
    names = ["d_loss", "d_real", "d_gp_generated", "gp_image", "g_loss", "g_generated", "recon_l1", "spectral"]
    assert headline(names) == ["d_loss", "gp_image", "g_loss", "recon_l1", "spectral"]


def test_a_line_of_an_older_run_shows_everything():
    names = ["cd_loss", "gp_code", "e_loss", "d_loss", "gp_image", "g_loss", "recon_l1"]
    assert headline(names) == names


def test_losses_terms_and_metrics_are_described_in_a_line():
    assert describe_loss("cd_loss").startswith("What the code discriminator minimises")
    assert "gradient penalty of the discriminator" in describe_loss("gp_image")
    assert describe_loss("td_real").endswith("td_real, of the texture discriminator")
    assert describe_metric("1nn").endswith("0.5 is best; mean over draws")
    assert "best as among real images" in describe_metric("ms-ssim")
