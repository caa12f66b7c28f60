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
        f"{cpu}, {len(os.sched_getaffinity(0))} cores, {platform.system()}, Python "
        f"{platform.python_version()}, ONNX Runtime {onnxruntime.__version__}, OpenCV {cv2.__version__}"
    )


def between(text: str, mark: str, body: str) -> str:
    """Replace what stands between ``<!-- mark -->`` and the next ``<!-- end -->``."""
    pattern = re.compile(rf"(<!-- {re.escape(mark)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"README.md has no mark {mark!r}")
    return pattern.sub(lambda m: m[1] + body + "\n" + m[2], text, count=1)


def accuracy_table(data: str) -> tuple[str, str]:
    """The README's table, and the same as prose of commands for docs/results.md."""
    rows = ["| FER2013 PublicTest | accuracy | balanced | macro F1 | ECE | NLL |", "|---|---|---|---|---|---|"]
    paths = {"fer2013.zip": data}
    for what, extra in (("single crop", ""), ("ten crops (`--tta`)", " --tta")):
        answer = json.loads(run(f"mien evaluate default --data fer2013.zip --split public{extra} --json", paths))
        for name, figures in ((what, answer), (f"{what}, without copies of training pictures", answer["without_duplicates"])):
            rows.append(
                f"| {name}, {figures['n']} pictures | {figures['accuracy']:.2%} | "
                f"{figures['balanced_accuracy']:.2%} | {figures['macro_f1']:.3f} | "
                f"{figures['ece']:.3f} | {figures['nll']:.3f} |"
            )
    return "\n".join(rows), ""


def section(title: str, intro: str, commands: list[str], paths: dict[str, str]) -> str:
    """One section of docs/results.md: each command and what it printed."""
    blocks = [f"```sh\n$ {c}\n```\n\n```text\n{run(c, paths)}\n```" for c in commands]
    return f"## {title}\n\n{intro}\n\n" + "\n\n".join(blocks) + "\n"


def main() -> None:
    """Run everything and write the documents."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="FER2013")
    parser.add_argument("--wider", nargs=2, required=True, help="wider_val_dev.zip wider_train5.zip")
    args = parser.parse_args()
    paths = {
        "fer2013.zip": str(Path(args.data).resolve()),
        "wider_val_dev.zip": str(Path(args.wider[0]).resolve()),
        "wider_train5.zip": str(Path(args.wider[1]).resolve()),
    }
    table, _ = accuracy_table(paths["fer2013.zip"])
    figure = "docs/images/confusion.png"
    sections = [
        section(
            "Accuracy and calibration",
            "The shipped model on PublicTest, single crop, from the ONNX file. The network never learned"
            " from these pictures and no epoch was picked on them; the one number fitted on them is the"
            " calibration temperature, which changes ECE and NLL but no answer. The card gives ECE"
            " cross-fitted on halves as well.",
            [f"mien evaluate default --data fer2013.zip --split public --figure {figure}"],
            paths,
        ),
        "![Confusion matrix](images/confusion.png)\n",
        section("With ten crops", "Centre and corners, mirrored too.",
                ["mien evaluate default --data fer2013.zip --split public --tta"], paths),
        section("The card", "How the shipped model was made.", ["mien models show default"], paths),
        section("How FER2013 frames a face",
                "On training pictures; the medians are the framing that the model's spec holds.",
                ["python benchmarks/framing.py --data fer2013.zip"], paths),
        section("What the framing brings on whole photos",
                "None of these pictures was used to measure the framing.",
                ["python benchmarks/framing_gain.py --data fer2013.zip --photos wider_val_dev.zip wider_train5.zip"],
                paths),
        section("Speed and memory", "", ["python benchmarks/speed.py --data fer2013.zip"], paths),
    ]
    head = (
        "# Results\n\nWritten by `python tools/make_docs.py --data fer2013.zip --wider wider_val_dev.zip"
        " wider_train5.zip`, never by hand.\n\n"
        f"Hardware: {hardware()}.\n\n"
        "FER2013's PrivateTest was not at hand; PublicTest is about a point harder. WIDER FACE is used for"
        " measuring only (CC BY-NC-ND 4.0).\n\n"
    )
    (REPO / "docs/results.md").write_text(head + "\n".join(sections), "utf-8")

    out = REPO / "docs/images"
    sample = run(f"mien analyze {SAMPLE} --draw {out}", {})
    readme = (REPO / "README.md").read_text("utf-8")
    readme = between(readme, "make run", f"```text\n{sample}\n```")
    command = "`mien evaluate default --data fer2013.zip --split public` (and `--tta`)"
    readme = between(
        readme, "results",
        f"{table}\n\nThe shipped file, on pictures it never learned from: {command}, {hardware()}."
    )  # fmt: skip
    (REPO / "README.md").write_text(readme, "utf-8")


if __name__ == "__main__":
    main()
