"""children: programs in processes of their own; none of them can hold up the others."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def ask(program: str, arguments: Sequence[object], seconds: float, **options: Any) -> Any:
    """What a program of this folder answers as JSON; None if it ended with an error, or not within some seconds."""
    command = [sys.executable, str(FOLDER / program), *map(str, arguments)]
    try:
        return json.loads(
            subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=seconds, check=True, **options).stdout
        )
    except (subprocess.SubprocessError, json.JSONDecodeError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return None
