"""Puts the sources of python graders into the JSON that a job is sent: `python examples/graders/embed.py`.

A python grader named `binding` has its source in `binding.py`, in the same folder.
"""

import json
from pathlib import Path
from typing import Any

Json = Any

HERE = Path(__file__).parent


def embedded(grader: Json, folder: Path) -> Json:
    """The grader with the sources as they are in the folder."""
    if grader["type"] == "multi":
        return {**grader, "graders": {key: embedded(child, folder) for key, child in grader["graders"].items()}}
    if grader["type"] == "python":
        return {**grader, "source": (folder / f"{grader['name']}.py").read_text(encoding="utf-8")}
    return grader


def main() -> None:
    """Write every grader again."""
    for path in sorted(HERE.glob("*/*.json")):
        grader = embedded(json.loads(path.read_text(encoding="utf-8")), path.parent)
        path.write_text(json.dumps(grader, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
