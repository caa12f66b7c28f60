"""Write docs/results.md, the README's table and its first picture from commands that it runs.

    python tools/make_docs.py --data fer2013.zip --wider wider_val_dev.zip wider_train5.zip

No figure in these documents is typed by hand. Takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
SAMPLE = "src/mien/samples/astronaut.jpg"
WIDER = "wider_val_dev.zip wider_train5.zip"
EVALUATE = "mien evaluate default --data fer2013.zip --split public"

HEAD = f"""# Results

Written by `python tools/make_docs.py --data fer2013.zip --wider {WIDER}`, never by hand.

Hardware: {{hardware}}.

FER2013's PrivateTest was not at hand: everything below is PublicTest. The network did not learn
from it, but for the 280 pictures in which it repeats Training (hence the second column), and no
epoch was picked on it. One number was fitted on it, the calibration temperature, which changes ECE
and NLL but no answer; the card gives the ECE cross-fitted on its halves too.
WIDER FACE is used for measuring only (CC BY-NC-ND 4.0).

![Confusion matrix](images/confusion.png)

"""

SECTIONS = [
    (
        "Accuracy and calibration",
        "The shipped file, single crop.",
        f"{EVALUATE} --figure docs/images/confusion.png",
    ),
    ("With ten crops", "Centre and corners, and their mirror images.", f"{EVALUATE} --tta"),
    ("The card", "How the shipped model was made.", "mien models show default"),
    (
        "How FER2013 frames a face",
        "On training pictures. The medians are the framing in the model's spec.",
        "python benchmarks/framing.py --data fer2013.zip",
    ),
    (
        "What the framing brings on whole photos",
        "On other pictures than those that the framing was measured on.",
        f"python benchmarks/framing_gain.py --data fer2013.zip --photos {WIDER}",
    ),
    (
        "Speed and memory",
        "Whole processes, then warm calls.",
        "python benchmarks/speed.py --data fer2013.zip",
    ),
]


def run(shown: str, paths: dict[str, str]) -> str:
    """Run a command with the real paths for the names it shows; return what it prints."""
    print(f"$ {shown}", flush=True)
    words = [paths.get(word, word) for word in shlex.split(shown)]
    if words[0] in ("python", "mien"):
        start = {"python": [sys.executable], "mien": [sys.executable, "-m", "mien"]}[words[0]]
        words = [*start, *words[1:]]
    done = subprocess.run(words, cwd=REPO, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shown} failed:\n{done.stderr}")
    text = done.stdout
    for name, path in paths.items():
        text = text.replace(path, name)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def hardware() -> str:
    """Processor, cores and versions."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists() and (found := re.search(r"model name\s*: (.+)", info.read_text())):
        cpu = found[1]
    import cv2
    import onnxruntime

    return (
        f"{cpu}, {len(os.sched_getaffinity(0))} cores, {platform.system()}, "
        f"Python {platform.python_version()}, ONNX Runtime {onnxruntime.__version__}, "
        f"OpenCV {cv2.__version__}"
    )


def between(text: str, mark: str, body: str) -> str:
    """Replace what stands between ``<!-- mark -->`` and the next ``<!-- end -->``."""
    pattern = re.compile(rf"(<!-- {re.escape(mark)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"README.md has no mark {mark!r}")
    return pattern.sub(lambda m: m[1] + body + "\n" + m[2], text, count=1)


def accuracy_table(paths: dict[str, str]) -> str:
    """The README's table, from ``mien evaluate --json``."""
    rows = [
        "| FER2013 PublicTest | pictures | accuracy | balanced | macro F1 | ECE | NLL |",
        "|---|---|---|---|---|---|---|",
    ]
    for crops, option in (("single crop", ""), ("ten crops", " --tta")):
        found = json.loads(run(f"{EVALUATE}{option} --json", paths))
        for which, scores in (
            (crops, found),
            (f"{crops}, no copies of training pictures", found["without_duplicates"]),
        ):
            rows.append(
                f"| {which} | {scores['n']:,} | {scores['accuracy']:.2%} | "
                f"{scores['balanced_accuracy']:.2%} | {scores['macro_f1']:.3f} | "
                f"{scores['ece']:.3f} | {scores['nll']:.3f} |"
            )
    return "\n".join(rows)


def section(title: str, intro: str, command: str, paths: dict[str, str]) -> str:
    """One section of docs/results.md: a command and what it printed."""
    output = run(command, paths)
    return f"## {title}\n\n{intro}\n\n```sh\n{command}\n```\n\n```text\n{output}\n```\n"


def main() -> None:
    """Run everything and write the documents."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="FER2013")
    parser.add_argument("--wider", nargs=2, required=True, help=WIDER)
    args = parser.parse_args()
    names = ("fer2013.zip", *WIDER.split())
    given = (args.data, *args.wider)
    paths = {name: str(Path(path).resolve()) for name, path in zip(names, given, strict=True)}

    sections = [section(title, intro, command, paths) for title, intro, command in SECTIONS]
    text = HEAD.format(hardware=hardware()) + "\n".join(sections)
    (REPO / "docs/results.md").write_text(text, "utf-8")

    table = accuracy_table(paths)
    sample = run(f"mien analyze {SAMPLE} --draw docs/images", {})
    readme = (REPO / "README.md").read_text("utf-8")
    readme = between(readme, "make run", f"```text\n{sample}\n```")
    note = f"From the shipped file: `{EVALUATE}`, and with `--tta`; {hardware()}."
    readme = between(readme, "results", f"{table}\n\n{note}")
    (REPO / "README.md").write_text(readme, "utf-8")


if __name__ == "__main__":
    main()
