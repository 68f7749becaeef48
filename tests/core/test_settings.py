"""Configuration: sources in order, unknown keys refused, dangerous combinations refused, secrets hidden."""

from pathlib import Path

import pytest

from vault.errors import BadConfiguration
from vault.settings import Settings, child_environment, load, shown


def test_defaults_serve_on_loopback_over_http() -> None:
    """Without any setting the product serves on loopback with the embedded database."""
    made = load({})
    assert made.issuer_url == "http://127.0.0.1:8000"
    assert made.database_url is None
    assert not made.is_https
    assert made.data.is_absolute()


def test_environment_beats_the_file_and_the_command_line_beats_both(tmp_path: Path) -> None:
    """Order: file, environment, command line."""
    file = tmp_path / "pivault.toml"
    file.write_text('port = 9001\nworkers = 3\nlog_level = "debug"\n')
    env = {"PIVAULT_CONFIG": str(file), "PIVAULT_WORKERS": "4"}
    made = load(env, log_level="error")
    assert (made.port, made.workers, made.log_level) == (9001, 4, "error")


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"PIVAULT_PROT": "9000"}, "PIVAULT_PROT is not a setting"),
        ({"PIVAULT_PORT": "many"}, "port"),
        ({"PIVAULT_PORT": "70000"}, "port must be"),
        ({"PIVAULT_WORKERS": "0"}, "workers"),
        ({"PIVAULT_HOST": "0.0.0.0"}, "not loopback"),  # noqa: S104  # refused is what is tested
        ({"PIVAULT_ISSUER": "http://vault.example"}, "https"),
        ({"PIVAULT_ISSUER": "http://localhost.evil.example"}, "https"),
        ({"PIVAULT_LOG_FORMAT": "xml"}, "log_format"),
        ({"PIVAULT_CONFIG": "/nonexistent/pivault.toml"}, "Cannot read"),
    ],
)
def test_wrong_settings_are_refused_by_name(env: dict[str, str], words: str) -> None:
    """Each wrong setting is refused, and the message names it."""
    with pytest.raises(BadConfiguration, match=words):
        load(env)


def test_unknown_keys_in_the_file_are_refused(tmp_path: Path) -> None:
    """A typing error in the file does not pass silently."""
    file = tmp_path / "pivault.toml"
    file.write_text("prot = 9001\n")
    with pytest.raises(BadConfiguration, match="prot"):
        load({"PIVAULT_CONFIG": str(file)})


def test_secrets_are_hidden_when_shown() -> None:
    """Neither the passphrase nor the database address is printed."""
    made = load({"PIVAULT_KEYRING_PASSPHRASE": "correct horse battery", "DATABASE_URL": "postgresql://u:secret@h/d"})
    text = str(shown(made))
    assert "correct horse" not in text
    assert "secret@" not in text


def test_settings_survive_the_way_to_a_child_process() -> None:
    """What a parent hands to a worker is what the worker loads."""
    made = load(
        {"PIVAULT_PORT": "9000", "PIVAULT_SOURCE_URL": "http://127.0.0.1:1", "DATABASE_URL": "postgresql://h/d"}
    )
    assert load(child_environment(made, {})) == made


def test_an_https_issuer_makes_cookies_secure() -> None:
    """Everything but loopback is https."""
    assert Settings(issuer="https://vault.example").is_https
