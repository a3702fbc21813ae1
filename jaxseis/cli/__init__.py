"""The command line: subcommands that read their arguments and call ``workflows``, ``io`` and ``plotting``."""

from jaxseis.cli.app import main as main
