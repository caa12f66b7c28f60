"""``mien data crop``: the faces of photos as pictures, with a table of them."""

from __future__ import annotations

import click

from mien.cli.data.source import reader
from mien.cli.support.detection import DETECTOR, MIN_FACE_SIZE
from mien.cli.support.numbers import Finite
from mien.cli.support.printing import complain, say


@click.command()
@click.argument("path", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder of the faces.")
@reader
@click.option(
    "--faces", type=click.Choice(["largest", "all"]), default="largest", show_default=True,
    help="Which faces of a photo.",
)  # fmt: skip
@DETECTOR
@MIN_FACE_SIZE
@click.option(
    "--margin", type=Finite(min=-1, max=10, min_open=True), metavar="SHARE",
    help="Side of a crop = (1 + SHARE) × the longer side of the box (default: as FER2013's).",
)  # fmt: skip
@click.option("--align", is_flag=True, help="Turn each face until its eyes are level.")
@click.option(
    "--size", type=click.IntRange(8, 4096), metavar="PIXELS",
    help="Side of the crops (default: as large as in the photo).",
)  # fmt: skip
@click.pass_context
def crop(
    context: click.Context,
    /,
    path: str,
    out: str,
    dataset: str,
    options: tuple[str, ...],
    faces: str,
    detector: str,
    min_face_size: float | None,
    margin: float | None,
    align: bool,
    size: int | None,
) -> int:
    """Cut the faces out of photos, ready to label or to train on.

    PATH is a data set of photos, or any folder or zip of pictures: labels are not needed. Faces are
    found as 'mien analyze' finds them. --out keeps the photos' folders, and so their labels;
    faces.csv has a row for each face (path, label, split, subject, source, score, box, landmarks),
    skipped.csv one for each photo without a face. The same command resumes a run that was stopped.
    Exit status: 0 done, 1 some photos could not be read or crops written, 2 usage.
    """
    from mien.cli.support.inputs import check_outputs
    from mien.cli.support.progress import meter
    from mien.cli.support.reader import say_reader
    from mien.cropping.crop import crop_faces, open_photos
    from mien.cropping.folder import FACES, SKIPPED
    from mien.datasets.opening import AUTO
    from mien.datasets.unlabelled import PictureTree
    from mien.detectors.load import load_detector
    from mien.preprocess.framing import FER2013_FRAMING, Framing

    check_outputs(context, ["out"])
    photos = open_photos(path, dataset, options)
    if isinstance(photos, PictureTree):
        say(f"{path} has no labels: every picture in it is searched", err=True)
    say_reader(path, photos, dataset == AUTO and not isinstance(photos, PictureTree))
    framing = Framing(
        margin=FER2013_FRAMING["margin"] if margin is None else margin,
        offset=FER2013_FRAMING["offset"],
        align=align,
    )
    own = {} if min_face_size is None else {"min_face_size": min_face_size}
    found = load_detector(detector, threads=1, options=own)
    request = {"options": options, "detector": detector, "min_face_size": min_face_size}
    try:
        with meter(unit="photos", rate=True) as update:
            done = crop_faces(
                photos, found, out, faces=faces, framing=framing, size=size, source=path,
                request=request, on_error=complain, on_progress=update,
            )  # fmt: skip
    except KeyboardInterrupt:
        complain(f"stopped; resume {out} with the same command")
        return 130
    labels = ", ".join(f"{label} {count:,}" for label, count in done.labels.items() if label)
    say(f"{out}: {done.faces:,} faces of {done.photos:,} photos" + (f" ({labels})" * bool(labels)))
    if done.resumed:
        complete = done.resumed == done.photos
        say("already complete" if complete else f"{done.resumed:,} photos in earlier runs")
    if done.faces:
        say(f"table: {out}/{FACES}")
    if done.no_face:
        say(f"no face found in {done.no_face:,} photos: see {out}/{SKIPPED}", err=True)
    if done.failed:
        say(f"failed: {done.failed:,}: see {out}/{SKIPPED}", err=True)
    return 1 if done.failed else 0
