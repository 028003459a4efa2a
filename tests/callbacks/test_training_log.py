"""What of an iteration's losses a line of the log shows."""

from tfgan_thyroid.callbacks.training_log import headline


def test_a_line_shows_losses_and_named_terms_and_omits_the_shares_of_a_loss():
    names = ["d_loss", "d_real", "d_gp_generated", "gp_image", "g_loss", "g_generated", "recon_l1", "spectral"]
    assert headline(names) == ["d_loss", "gp_image", "g_loss", "recon_l1", "spectral"]


def test_a_line_of_an_older_run_shows_everything():
    names = ["cd_loss", "gp_code", "e_loss", "d_loss", "gp_image", "g_loss", "recon_l1"]
    assert headline(names) == names
