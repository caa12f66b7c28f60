"""Write docs/results.md, the README's table and its pictures from commands that it runs.

    python tools/make_docs.py --data fer2013.zip --wider wider_val_dev.zip wider_train5.zip \\
        --photos photos
    python tools/make_docs.py --data fer2013.zip --wider wider_val_dev.zip wider_train5.zip \\
        --sections 'Accuracy and calibration' 'With ten crops' 'The card'
    python tools/make_docs.py --study study
    python tools/make_docs.py --study-full study-full
    python tools/make_docs.py --detector runs/faster_rcnn_mobile --fer2013 fer2013.zip \\
        --masks facemask853.zip --wider wider_val_dev.zip wider_train5.zip

The first takes some minutes and leaves the sections of the study and of face detectors in
docs/results.md as they are; the others write one of these alone, from the folder of a 'mien study'
that is done and from a run of 'mien train faster_rcnn_mobile'. Sections that ``--sections`` does
not name stay too, such as speeds when the machine does other work. No figure in these documents is
typed by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path

from detector_docs import DETECTOR, DETECTOR_SECTIONS, TABLE, detectors_section
from shown_commands import REPO, hardware, run, section, written

SAMPLE = "src/mien/samples/astronaut.jpg"
WIDER = "wider_val_dev.zip wider_train5.zip"
OTHERS = "--fer2013 fer2013.zip --masks facemask853.zip"
EVALUATE = "mien evaluate default --data fer2013.zip --split public"
COMPARE = "mien compare default before.onnx first.onnx --data fer2013.zip --split public"
PHOTOS = "From a photo's bytes to its expressions"
BEFORE_YUNET, CHECKOUT = "07d96cb", "../before"
HISTORY = {
    "before.onnx": "d3f0e6e1:src/mien/weights/default.onnx",
    "first.onnx": "b4c0382:src/mien/weights/default.onnx",
}
"""Names in commands → the shipped models of earlier commits."""

STUDY, STUDY_FULL, DETECTORS = "study", "study-full", "detectors"
"""The marks around sections of docs/results.md that are written on their own."""

HEAD = f"""# Results

This page is written by scripts, never by hand:
`python tools/make_docs.py --data fer2013.zip --wider {WIDER} --photos photos`;
for the study's sections `python tools/make_docs.py --study study --study-full study-full`;
for that of face detectors
`python tools/make_docs.py --detector {DETECTOR} {OTHERS} --wider {WIDER}`.

Hardware: {{hardware}}.

FER2013's PrivateTest was not available: its figures below are of PublicTest. The network was not
trained on it, except for the 280 pictures that are also in Training (hence the second column), and
no setting was chosen or fitted on it: it decided which of the finished files ships.
[How the shipped model was made](shipped_model.md) says when it was measured, and where the
calibration temperature is from; it changes ECE and NLL but no answer, and the rows "uncalibrated"
are without it.
WIDER FACE's validation pictures are used only for measuring (CC BY-NC-ND 4.0). Detectors learned
from its training pictures, and some settings of the shipped model were chosen on faces of them.

![Confusion matrix](images/confusion.png)

"""

SECTIONS = [
    (
        "Accuracy and calibration",
        "The shipped file, single crop.",
        f"{EVALUATE} --figure docs/images/confusion.png",
    ),
    ("With ten crops", "Centre and corners, and their mirror images.", f"{EVALUATE} --tta"),
    (
        "Before and after",
        "The shipped file, the one before it, and the one with which MTCNN was the default:\n\n"
        + "```sh\n"
        + "\n".join(f"git show {blob} > {name}" for name, blob in HISTORY.items())
        + "\n```",
        COMPARE,
    ),
    (
        "Before and after, corrupted",
        "The same three ([what is done to the pictures](evaluation.md#on-corrupted-pictures)).",
        f"{COMPARE} --corruptions",
    ),
    ("The card", "How the shipped model was made.", "mien models show default"),
    (
        "How FER2013 frames a face",
        "On training pictures. The medians are the framing in the model's spec.",
        "python benchmarks/framing.py --data fer2013.zip",
    ),
    (
        "What the framing brings on whole photos",
        "On pictures other than those that the framing was measured on, with YuNet.",
        f"python benchmarks/framing_gain.py --data fer2013.zip --photos {WIDER}",
    ),
    (
        "Speed and memory",
        "Whole processes, then warm calls.",
        "python benchmarks/speed.py --data fer2013.zip",
    ),
    (
        PHOTOS,
        "MTCNN was the default before YuNet, with two threads on two cores: `--before` is that "
        f"version as a whole (`git worktree add {CHECKOUT} {BEFORE_YUNET}`), with its classifier "
        "of 67 million multiply-adds. `photos` holds 200 photos of facemask853.zip, and the "
        "package fer 25.10 is installed, too, with OpenCV 4.11: 5 has no Haar cascades. The last "
        "column is how many times as long the first way takes.",
        f"python benchmarks/photos.py --photos photos --before {CHECKOUT}",
    ),
    (
        "One thread or all cores",
        "By the size of what a network gets. The last column is how many times as long one thread "
        "takes.",
        "python benchmarks/threads.py",
    ),
    (
        "Speed of packing",
        "`mien data pack` against a single-threaded Pillow loop over the same photos and cores.",
        "python benchmarks/pack.py --pictures wider_train5.zip --size 32",
    ),
    (
        "Speed of training",
        "The trainer against a plain PyTorch and torchvision loop: same network, batch and cores.",
        "python benchmarks/training.py --data fer2013.zip --pictures 4096 --rounds 3",
    ),
]


def between(text: str, mark: str, body: str) -> str:
    """Replace what stands between ``<!-- mark -->`` and the next ``<!-- end -->``."""
    pattern = re.compile(rf"(<!-- {re.escape(mark)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"there is no mark {mark!r} to write behind")
    return pattern.sub(lambda m: m[1] + body + "\n" + m[2], text, count=1)


def accuracy_table(paths: dict[str, str]) -> str:
    """The README's table, from ``mien evaluate --json``."""
    rows = [
        "| FER2013 PublicTest | pictures | accuracy | balanced | macro F1 | ECE (uncalibrated) | "
        "NLL (uncalibrated) |",
        "|---|---|---|---|---|---|---|",
    ]
    for crops, option in (("single crop", ""), ("ten crops", " --tta")):
        found = json.loads(run(f"{EVALUATE}{option} --json", paths))
        for which, scores in (
            (crops, found),
            (f"{crops}, without duplicates of training pictures", found["without_duplicates"]),
        ):
            rows.append(
                f"| {which} | {scores['n']:,} | {scores['accuracy']:.2%} | "
                f"{scores['balanced_accuracy']:.2%} | {scores['macro_f1']:.3f} | "
                f"{scores['ece']:.3f} ({scores['ece_uncalibrated']:.3f}) | "
                f"{scores['nll']:.3f} ({scores['nll_uncalibrated']:.3f}) |"
            )
    return "\n".join(rows)


def evaluation_picture(paths: dict[str, str]) -> None:
    """Write the README's second picture: two figures of the shipped model, side by side."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as place:
        run(f"{EVALUATE} --repeats-of none --figures figures", {**paths, "figures": place})
        figures = [
            Image.open(f"{place}/{name}.png").convert("RGB") for name in ("scores", "reliability")
        ]
    height = min(figure.height for figure in figures)
    figures = [
        figure.resize((figure.width * height // figure.height, height)) for figure in figures
    ]
    joined = Image.new("RGB", (sum(figure.width for figure in figures), height))
    for i, figure in enumerate(figures):
        joined.paste(figure, (sum(before.width for before in figures[:i]), 0))
    # Few colours: a quarter of the bytes.
    joined.quantize(128).save(REPO / "docs/images/evaluation.png", optimize=True)


SHORT = (
    "## The study\n\n"
    "Every classifier of the classic studies on one protocol ([study.md](study.md)). The short "
    "schedule shows what a network reaches with little work, not its best. Minutes of training "
    "and pictures per second were measured on a machine that also did other work. The row of the "
    "shipped model is of the file that the package carried then."
)
FULL = (
    "## The study's full schedule\n\n"
    "Three networks trained from scratch at 64 to 96 pixels on a GPU, each in minutes; the same "
    "protocol. Their runs were put into the study's folder, and the command measured them. The row "
    "of the shipped model is of the file that the package carried then."
)


def study_section(folder: Path, figure_name: str, intro: str) -> str:
    """The study's tables and figure as its own files have them, and its paired tests."""
    try:
        found = json.loads((folder / "study.json").read_text("utf-8"))
        tables = (folder / "study.md").read_text("utf-8")
        figure = (folder / "study.png").read_bytes()
    except (OSError, ValueError) as error:
        raise SystemExit(f"{folder} holds no finished 'mien study': {error}") from None
    (REPO / f"docs/images/{figure_name}").write_bytes(figure)
    if intro == FULL:  # the page shows commands for the same recipes above
        tables = tables.replace("--out runs/", "--out runs/full_")
    runs = [row["run"] for row in found["rows"] if row["status"] == "done"]
    names = ",".join(Path(run).name for run in runs)
    tests = run(
        " ".join(("mien compare", *(f"{folder.name}/{run}" for run in runs))),
        {f"{folder.name}/{run}": str((folder / run).resolve()) for run in runs},
    )
    return (
        f"{intro}\n\n{tables}\n![Accuracy and cost](images/{figure_name})\n\n"
        "### Paired tests\n\n"
        f"```sh\nmien compare {folder.name}/runs/{{{names}}}\n```\n\n```text\n{tests}\n```"
    )


def kept(mark: str) -> str:
    """A section that is written on its own as it stands, with its marks."""
    path = REPO / "docs/results.md"
    text = path.read_text("utf-8") if path.exists() else ""
    found = re.search(rf"<!-- {mark} -->\n.*?<!-- end -->\n", text, re.DOTALL)
    return found[0] if found else f"<!-- {mark} -->\n<!-- end -->\n"


def main() -> None:
    """Run what was asked for and write the documents."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="FER2013")
    parser.add_argument("--wider", nargs=2, help=WIDER)
    parser.add_argument("--photos", help="a folder of photos of people")
    parser.add_argument("--masks", help="facemask853.zip")
    parser.add_argument("--study", type=Path, help="the folder of a finished 'mien study'")
    parser.add_argument("--fer2013", help="FER2013, for the sections of --detector alone")
    parser.add_argument("--study-full", type=Path, help="that of one with --schedule full")
    parser.add_argument("--detector", help="the run of 'mien train faster_rcnn_mobile'")
    titles = [*(title for title, _, _ in (*SECTIONS, *DETECTOR_SECTIONS)), TABLE]
    parser.add_argument("--sections", nargs="+", choices=titles, default=titles, metavar="TITLE")
    args = parser.parse_args()
    if not (args.data or args.study or args.study_full or args.detector):
        parser.error("give --data, --study, --study-full or --detector")
    if (args.data or args.detector) and not args.wider:
        parser.error("--data and --detector need --wider")
    if args.data and PHOTOS in args.sections and not args.photos:
        parser.error(f"{PHOTOS!r} needs --photos")
    if args.detector and not (args.fer2013 and args.masks):
        parser.error("--detector needs --fer2013 and --masks")
    named = {"fer2013.zip": args.data or args.fer2013, DETECTOR: args.detector}
    named.update({"facemask853.zip": args.masks, "photos": args.photos})
    named.update(zip(WIDER.split(), args.wider or (None, None), strict=True))
    paths = {name: str(Path(path).resolve()) for name, path in named.items() if path}
    own = {}
    if args.study:
        own[STUDY] = study_section(args.study, "study.png", SHORT)
    if args.study_full:
        own[STUDY_FULL] = study_section(args.study_full, "study_full.png", FULL)
    if args.detector:
        own[DETECTORS] = detectors_section(paths, args.sections)
    if args.data:
        with tempfile.TemporaryDirectory() as folder:
            if any(COMPARE in command for title, _, command in SECTIONS if title in args.sections):
                paths.update(earlier_models(Path(folder)))
            if PHOTOS in args.sections:
                paths[CHECKOUT] = str(earlier_source(Path(folder)))
            measured(paths, args.sections)
    results = REPO / "docs/results.md"
    for mark, body in own.items():
        text = results.read_text("utf-8")
        if f"<!-- {mark} -->" not in text:
            text += f"\n{kept(mark)}"
        results.write_text(between(text, mark, body), "utf-8")


def hardware_of(titles: list[str]) -> str:
    """Name this machine for the sections ``titles``; others that stay keep what the page says."""
    own = [title for title, _, _ in SECTIONS if title in titles]
    if len(own) == len(SECTIONS):
        return hardware()
    text = (REPO / "docs/results.md").read_text("utf-8")
    before = re.search(r"^Hardware: (?:.*; for the others )?(.*)\.$", text, re.MULTILINE)
    return f"{hardware()} for {', '.join(map(repr, own))}; for the others {before and before[1]}"


def earlier_models(folder: Path) -> dict[str, str]:
    """Write the files of ``HISTORY`` into ``folder``; return their paths by name."""
    paths = {name: folder / name for name in HISTORY}
    for name, path in paths.items():
        show = ["git", "show", HISTORY[name]]
        path.write_bytes(subprocess.run(show, cwd=REPO, capture_output=True, check=True).stdout)
    return {name: str(path) for name, path in paths.items()}


def earlier_source(folder: Path) -> Path:
    """Unpack the package of the commit ``BEFORE_YUNET`` into ``folder``, as a checkout has it."""
    pack = ["git", "archive", BEFORE_YUNET, "src"]
    done = subprocess.run(pack, cwd=REPO, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=done.stdout, check=True)
    return folder


def measured(paths: dict[str, str], titles: list[str]) -> None:
    """Run the commands of the sections ``titles`` on the data and write what they print."""
    sections = [
        section(title, intro, command, paths) if title in titles else written(title)
        for title, intro, command in SECTIONS
    ]
    text = HEAD.format(hardware=hardware_of(titles)) + "\n".join(
        [*sections, *map(kept, (DETECTORS, STUDY, STUDY_FULL))]
    )
    (REPO / "docs/results.md").write_text(text, "utf-8")

    evaluation_picture(paths)
    table = accuracy_table(paths)
    sample = run(f"mien analyze {SAMPLE} --draw docs/images", {})
    readme = (REPO / "README.md").read_text("utf-8")
    readme = between(readme, "make run", f"```text\n{sample}\n```")
    note = f"From the shipped file: `{EVALUATE}`, and with `--tta`; {hardware()}. "
    note += "In brackets without the calibration temperature."
    readme = between(readme, "results", f"{table}\n\n{note}")
    (REPO / "README.md").write_text(readme, "utf-8")


if __name__ == "__main__":
    main()
