"""Names that would act on a terminal, fed to every command, wherever it takes or reads a name."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
from PIL import Image

from mien import registry
from mien.cli.app import cli
from mien.escaping import for_json, for_terminal
from mien.labels import FER2013
from mien.samples import ASTRONAUT
from tests.support import clips, tiny
from tests.support.camera_server import faulty_camera
from tests.support.commands import every_command, mien
from tests.support.models import tiny_classifier

NAME = "=\x1b]0;PWNED\x07\x9b31m[b][red $_$ \\frac{\u202egpj\n[link=x]"
"""Of a file: sets a window's title, colours, turns the writing, forges a line, opens markup."""
TEXT = f"{NAME}[/b][/x]:smile:"
"""Of anything else; a file's name has no slash."""
LABEL = "=[b][/x]:smile:$_$\\frac{"
"""Of an expression, which a model may spell only in printable characters."""
Output = pytest.CaptureFixture[str]
Commands = Iterator[tuple[object, ...]]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some commands take a hostile name for the place of their output."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a hostile name, of hostile files."""
    place = tmp_path / NAME
    (place / "photos" / NAME).mkdir(parents=True)
    with Image.open(ASTRONAUT) as picture:
        face = picture.convert("RGB").crop((180, 60, 280, 170))
    face.save(place / "photos" / f"{NAME}.png")
    (place / "photos" / f"{NAME}2.jpg").write_bytes(b"no picture")
    tiny.write_csv(place / "fer2013.csv")
    coco = place / "coco"
    coco.mkdir()
    face.save(coco / f"{NAME}.png")
    (coco / "annotations.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": f"{NAME}.png", "width": 100, "height": 110}],
                "annotations": [
                    {"image_id": 1, "category_id": 1, "bbox": [20, 20, 50, 60], "iscrowd": 0}
                ],
                "categories": [{"id": 1, "name": TEXT}],
            }
        )
    )
    classes = place / "classes" / "train"
    for label in ("happiness", NAME):
        (classes / label).mkdir(parents=True)
        face.save(classes / label / f"{NAME}.png")
    return place


def model(place: Path, stem: str = NAME, labels: tuple[str, ...] = FER2013) -> Path:
    path = place / f"{stem}.onnx"
    tiny_classifier(
        path, labels, name=TEXT, licence=TEXT, trained_on=TEXT, scores={TEXT + "_accuracy": 0.5},
        card={TEXT: TEXT},
    )  # fmt: skip
    return path


def analyze(place: Path) -> Commands:
    labels = (LABEL, *FER2013[1:])
    options = ("--detector", "none", "--model", model(place, labels=labels))
    for form in ("table", "json", "csv"):
        yield "analyze", place / "photos", "-f", form, *options
    files = ("-o", place / "o.csv", "--draw", place / "drawn", "--crops", place / "crops")
    yield "analyze", place / "photos", *options, "-f", "csv", *files
    yield "analyze", place / TEXT, *options
    yield "analyze", place / "photos", "--detector", "none", "--model", TEXT
    yield "analyze", place / "photos", "--detector", TEXT, "--detector-option", TEXT
    yield "analyze", place / "photos" / "*.nothing", *options
    yield "analyze", place / "photos", "-f", TEXT
    yield "analyze", TEXT, "-o", TEXT, *options


def corpus_job(place: Path) -> tuple[object, ...]:
    """Arguments of a run of hostile pictures with a hostile model."""
    out = place / f"{NAME}out"
    return (
        "corpus", "run", place / "photos", "--out", out, "--workers", "1", "--detector", "none",
        "--model", model(place, labels=(LABEL, *FER2013[1:])),
    )  # fmt: skip


def of_corpus(command: str, *more: tuple[object, ...]) -> Callable[[Path], Commands]:
    """A command on such a job, with further options each time, and on a folder of none."""

    def cases(place: Path) -> Commands:
        pytest.importorskip("pyarrow", reason="needs the 'scale' extra")
        from mien.scale import running
        from tests.support import corpus

        with patch.object(running, "run_locally", corpus.analyse_here):
            run = corpus_job(place)
            if command == "run":
                yield *run, place / TEXT, place / "*.nothing", f"{TEXT}://{TEXT}"
                yield *run, "--min-face-size", "30"
                yield "corpus", "run", place / "photos", "--out", place / TEXT, "--model", TEXT
                yield "corpus", "run", place / "photos", "--out", place / "photos" / NAME
                return
            mien(*run)
            yield "corpus", command, run[4], *(("--out", place / f"{NAME}new") * (
                command == "merge"
            ))  # fmt: skip
            for each in more:
                yield "corpus", command, run[4], *each
            yield "corpus", command, place / TEXT, *(("--out", TEXT) * (command == "merge"))

    return cases


def models(_: Path) -> Commands:
    yield ("models",)
    yield "models", "--json"
    yield "models", TEXT


def show(place: Path) -> Commands:
    for labels in (FER2013, (LABEL, *FER2013[1:])):
        yield "models", "show", model(place, labels=labels)
        yield "models", "show", model(place, labels=labels), "--json"
    yield "models", "show", TEXT


def doctor(_: Path) -> Commands:
    yield ("doctor",)
    yield "doctor", "--json"
    yield "doctor", TEXT


def info(place: Path) -> Commands:
    coco = ("data", "info", place / "coco", "--dataset", "coco")
    yield coco
    yield *coco, "--option", f"category={TEXT}"
    yield *coco, "--option", f"category={TEXT}", "--json"
    yield *coco, "--option", f"{TEXT}={TEXT}"
    yield "data", "info", place / "fer2013.csv"
    yield "data", "info", place / "fer2013.csv", "--splits", TEXT
    yield "data", "info", place / "classes", "--dataset", "folder"
    yield "data", "info", place / "classes", "--dataset", TEXT
    yield "data", "info", place / TEXT


def label(place: Path) -> Commands:
    of = ("data", "label", place / "photos", "--no-browser")
    yield of
    yield *of, "--rater", TEXT
    yield *of, "--labels", f"{TEXT},{LABEL}"
    yield *of, "--labels", "fear,pain", "--model", model(place), "--rater", "anna"
    yield *of, "--model", TEXT
    yield *of, "--out", place / TEXT / "o.csv"
    yield *of, "--out", place / "fer2013.csv"
    yield "data", "label", place / "classes", "--no-browser"
    yield "data", "label", place / TEXT
    yield "data", "label", place / "classes", "--agreement"
    table = place / "classes" / "labels.b.csv"
    rows = [["path", "label", "rater", "answer", "time_utc", "seconds", "revision",
             "suggestion_shown", "suggestion", "old_label_shown", "old_label"]]  # fmt: skip
    for rater in (TEXT, f"b{TEXT}"):
        rows.append([TEXT, TEXT, rater, "labelled", TEXT, "1", "1", "before", TEXT, "no", TEXT])
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    compared = ("data", "label", place / "classes", "--agreement", "--ratings", table)
    yield compared
    yield *compared, "--merged", place / "classes" / "m.csv"
    yield *compared, "--json"


def pack(place: Path) -> Commands:
    yield "data", "pack", place / "fer2013.csv", place / "pack", "--size", 16
    yield "data", "pack", place / "classes", place / "p2", "--size", 16, "--dataset", "folder"
    yield "data", "pack", place / TEXT, place / TEXT, "--size", 16


def crop(place: Path) -> Commands:
    options = ("--detector", "none")
    yield "data", "crop", place / "photos", "--out", place / "c1", *options, "--faces", "all"
    yield "data", "crop", place / "classes", "--out", place / NAME, *options, "--size", 16
    yield "data", "crop", place / TEXT, "--out", place / TEXT


def plot(place: Path) -> Commands:
    coco = ("--dataset", "coco", "--option", f"category={TEXT}")
    for form in ("png", "svg"):
        yield "data", "plot", place / "coco", *coco, "--out", place / form, "--format", form
    yield "data", "plot", place / "coco", *coco, "--out", place / "o", "--split", TEXT
    yield "data", "plot", place / "coco", "--out", place / "photos", "--augment", TEXT


def evaluate(place: Path) -> Commands:
    data = ("--data", place / "fer2013.csv")
    files = ("--html", place / "r.html", "--figure", place / "f.svg", "--save", place / "a.npz")
    yield "evaluate", model(place), *data, "--split", "public", *files, "--explain", 1
    yield "evaluate", model(place), *data, "--split", TEXT
    yield "evaluate", model(place, labels=(LABEL, *FER2013[1:])), *data, "--split", "public"
    yield "evaluate", TEXT, *data
    corrupted = (*data, "--split", "public", "--corruptions", "--limit", 7)
    yield "evaluate", model(place, labels=(LABEL, *FER2013[1:])), *corrupted, *files
    folds = ("--folds", 2, "--out", place / "cv")
    yield "evaluate", model(place, labels=(LABEL, *FER2013[1:])), *data, *folds
    yield "evaluate", "knn", *data, "--folds", TEXT, "--out", place / "cv"


def compare(place: Path) -> Commands:
    both = (model(place, "a" + NAME), model(place, "b" + NAME))
    data = ("--data", place / "fer2013.csv", "--split", "public")
    yield "compare", *both, *data, "--figure", place / "f.svg"
    yield "compare", *both, *data, "--corruptions", "--limit", 7, "--html", place / "r.html"
    yield "compare", *both, "--data", place / TEXT
    yield "compare", TEXT, "default"


def average(place: Path) -> Commands:
    yield "average", place / TEXT, place / TEXT, "--out", place / TEXT
    yield "average", TEXT, TEXT, "--out", place / "run", "--share", 1, "--share", 2


def compress(place: Path) -> Commands:
    yield "compress", place / TEXT, "--data", place / TEXT, "--out", place / TEXT, "--macs", 1
    yield "compress", TEXT, "--data", TEXT, "--out", place / "run", "--like", TEXT


def export(place: Path) -> Commands:
    yield "export", place / TEXT, "--out", place / "m.onnx"
    yield "export", place / TEXT, "--out", place / TEXT, "--card", TEXT


def train(place: Path) -> Commands:
    small = ("--epochs", 1, *tiny.options(widths=[8], limit=32), "--threads", 1)
    data = ("--data", place / "fer2013.csv", "--device", "cpu")
    yield "train", "mlp", *data, "--out", place / "run", *small
    yield "train", TEXT, *data, "--out", place / "run"
    yield "train", "mlp", *data, "--out", place / "r2", "--set", TEXT
    yield "train", "mlp", *data, "--out", place / "r2", "--set", f"{TEXT}=1", "--dataset", TEXT
    yield "train", "mlp", *data, "--out", place / "r2", "--set", f"name={json.dumps(TEXT)}", *small


def tune(place: Path) -> Commands:
    data = ("--data", place / "fer2013.csv", "--out", place / "search", "--trials", 1)
    yield "tune", TEXT, *data
    yield "tune", "mlp", *data, "--space", TEXT
    yield "tune", "mlp", *data, "--storage", TEXT, "--study", TEXT


def study(place: Path) -> Commands:
    yield "study", "--data", place / "fer2013.csv", "--out", place / "study", "--only", TEXT
    yield "study", "--data", place / TEXT, "--out", place / "study", "--only", "majority"


def video(place: Path) -> Commands:
    options = ("--detector", "none", "--model", model(place, labels=(LABEL, *FER2013[1:])))
    folder = place / "clips"
    folder.mkdir()
    clips.write(place / "clip.mp4", frames=3).rename(folder / f"{NAME}.mp4")
    (folder / f"{NAME}2.mkv").write_bytes(b"no video")
    for form in ("table", "json", "csv"):
        yield "video", folder, "-f", form, *options
    files = ("-o", place / f"{NAME}.csv", "--draw", place / f"{NAME}d.mp4")
    yield "video", folder / f"{NAME}.mp4", *options, *files
    yield "video", place / "photos", *options
    yield "video", place / "photos" / f"{NAME}%d.png", *options
    yield "video", place / TEXT, place / "*.nothing", TEXT, *options
    yield "video", folder, "--draw", place / TEXT, *options
    yield "video", folder, "--from", TEXT, *options
    yield "video", folder, "--summary", place / "none" / TEXT, *options
    yield "video", folder / f"{NAME}.mp4", "-o", TEXT, *options


def camera(place: Path) -> Commands:
    """The addresses are refused, or lead to this machine, where nothing listens at first."""
    options = ("--detector", "none", "--model", model(place, labels=(LABEL, *FER2013[1:])))
    short = ("--for", "0.1", *options)
    yield "camera", TEXT, *short
    yield "camera", f"http://{TEXT}@127.0.0.1:1/", *short
    yield "camera", "http://127.0.0.1:1/[b]", "-o", place / f"{NAME}.csv", *short
    yield "camera", "0", "-o", place / TEXT, *options
    yield "camera", "0", "--for", TEXT, *options
    with faulty_camera(picture=clips.face()) as server:
        yield "camera", f"{server.url}?[b]:smile:", "--for", "2", *options


def log(place: Path, *verb: object) -> tuple[object, ...]:
    """A verb on a log with a hostile name, in which anna may be recorded."""
    path = place / f"{NAME}.db"
    of = ("--log", path)
    if not path.exists():
        from mien.log.opening import create_log
        from mien.log.persons import add_person, give_consent

        with create_log(path) as made:
            add_person(made, "anna")
            give_consent(made, "anna", "".join(filter(str.isprintable, TEXT)), "[b]:smile:")
    return ("log", *verb, *of)


def log_backup(place: Path) -> Commands:
    yield log(place, "backup", place / NAME)
    yield log(place, "backup", place / TEXT)


def log_create(place: Path) -> Commands:
    yield "log", "create", "--log", place / f"{NAME}2.db"
    yield "log", "create", "--log", place / f"{NAME}2.db", "--keep", TEXT
    yield "log", "create", "--log", TEXT, "--key-file", TEXT
    yield "log", "create", "--log", f"mysql://{TEXT}"


def log_erase(place: Path) -> Commands:
    yield log(place, "erase", TEXT, "--yes")
    yield log(place, "erase", "anna", "--yes", "--json")


def log_export(place: Path) -> Commands:
    yield log(place, "export", "anna")
    yield log(place, "export", TEXT)
    yield log(place, "export", "anna", "--what", TEXT)
    yield log(place, "export", "anna", "-o", place / TEXT)
    yield log(place, "export", "anna", "--pictures", place / TEXT)
    yield log(place, "export", "anna", "--pictures", place / TEXT)  # it is there now
    yield log(place, "export", "anna", "-o", place / f"{NAME}.csv")


def trends(place: Path) -> Commands:
    of = log(place)[1:]
    yield "trends", "anna", *of
    yield "trends", TEXT, *of
    yield "trends", "anna", "--measure", TEXT, *of
    yield "trends", "anna", "--rules", place / TEXT, "--from", TEXT, *of
    yield "trends", "anna", "--figure", place / TEXT, *of


def report(place: Path) -> Commands:
    of = (*log(place)[1:], "--out", place / f"{NAME}.html")
    yield "report", "anna", "--week", *of
    yield "report", TEXT, *of
    yield "report", "anna", "--week", TEXT, *of
    yield "report", "anna", "--rules", place / TEXT, *of
    yield "report", "anna", "--timezone", TEXT, *of
    yield "report", "anna", *log(place)[1:], "--out", place / "none" / TEXT


def alerts(place: Path, *verb: object) -> tuple[object, ...]:
    return ("alerts", *verb, *log(place)[1:])


def alerts_ack(place: Path) -> Commands:
    yield alerts(place, "ack", TEXT)
    yield alerts(place, "ack", 1, "--by", TEXT)


def alerts_backtest(place: Path) -> Commands:
    yield alerts(place, "backtest", "--person", TEXT)
    yield alerts(place, "backtest", "--from", TEXT)
    yield alerts(place, "backtest", "--timezone", TEXT)


def alerts_check(place: Path) -> Commands:
    """The rule is about the disk, and always finds it too full."""
    path = place / f"{NAME}.toml"
    targets = (
        ("output", ""),
        ("file", f"path = {json.dumps(str(place / TEXT))}\n"),
        ("webhook", f"url = 'http://127.0.0.1:1/'\nsecret_file = {json.dumps(TEXT)}\n"),
    )
    rule = f"name = '{LABEL}'\nkind = 'technical'\nwhat = 'disk'\nfree = 1.0\nurgent = true\n"
    path.write_text(
        f"[[rule]]\n{rule}" + "".join(
            f"[[target]]\nname = '{LABEL}{kind}'\nkind = '{kind}'\n{keys}" for kind, keys in targets
        ), "utf-8",
    )  # fmt: skip
    yield alerts(place, "check", "--rules", path)
    yield alerts(place, "list")
    yield alerts(place, "list", "--json")
    yield "alerts", "send-test", "--rules", path
    yield alerts(place, "check", "--rules", TEXT, "--timezone", TEXT)
    mail = "kind = 'email'\nhost = 'x'\nsender = 'a@b'"
    for keys in ("kind = 'file'\npath = 1", f"kind = {json.dumps(TEXT)}",
                 f"{mail}\nto = [{json.dumps(TEXT)}]"):  # fmt: skip
        path.write_text(f"[[target]]\nname = '{LABEL}'\n{keys}\n", "utf-8")
        yield "alerts", "send-test", "--rules", path


def alerts_feedback(place: Path) -> Commands:
    yield alerts(place, "feedback", 1, TEXT)
    yield alerts(place, "feedback", 1, "useful", "--by", TEXT)


def alerts_list(place: Path) -> Commands:
    yield alerts(place, "list", "--all")
    yield "alerts", "list", "--log", TEXT


def alerts_resolve(place: Path) -> Commands:
    yield alerts(place, "resolve", 1, "--by", "x", "--why", TEXT)


def alerts_send_test(place: Path) -> Commands:
    yield "alerts", "send-test", "--rules", TEXT


def log_import(place: Path) -> Commands:
    of = ("--person", "anna", "--start", "2026-11-01T10:00+00:00")
    yield log(place, "import", place / "photos" / f"{NAME}.png", *of)
    yield log(place, "import", place / TEXT, *of, "--reader", TEXT)
    yield log(place, "import", place / "fer2013.csv", "--person", TEXT, "--start", TEXT)
    yield log(place, "import", place / "fer2013.csv", *of, "--timezone", TEXT)


def log_info(place: Path) -> Commands:
    yield log(place, "info")
    yield log(place, "info", "--json")
    yield "log", "info", "--log", place / "photos" / f"{NAME}.png"
    yield "log", "info", "--log", TEXT


def log_person_add(place: Path) -> Commands:
    yield log(place, "person", "add", TEXT)


def log_person_consent(place: Path) -> Commands:
    yield log(place, "person", "consent", TEXT, "--by", "x", "--for", "x")
    yield log(place, "person", "consent", "anna", "--by", TEXT, "--for", TEXT, "--until", TEXT)


def log_person_list(place: Path) -> Commands:
    yield log(place, "person", "list")
    yield log(place, "person", "list", "--json")


def log_person_withdraw(place: Path) -> Commands:
    yield log(place, "person", "withdraw", TEXT)


def log_prune(place: Path) -> Commands:
    yield log(place, "prune", "--keep", TEXT)
    yield log(place, "prune", "--keep", f"{TEXT}=3")


def log_reanalyse(place: Path) -> Commands:
    yield log(place, "reanalyse", 1)
    yield log(place, "reanalyse", TEXT)


def log_remove(place: Path) -> Commands:
    yield log(place, "remove", 1, "--yes")
    yield log(place, "remove", TEXT)


def log_sessions(place: Path) -> Commands:
    yield log(place, "sessions")
    yield log(place, "sessions", "--json")
    yield log(place, "sessions", TEXT)


def log_record(place: Path) -> Commands:
    options = ("--detector", "none", "--model", model(place, labels=(LABEL, *FER2013[1:])))
    clip = clips.write(place / "clip.mp4", frames=3).rename(place / f"{NAME}.mp4")
    anna = ("--person", "anna", *options)
    yield log(place, "record", clip, *anna)
    yield log(place, "record", clip, *anna, "--start", "2026-11-01T10:00", "--place", TEXT)
    yield log(place, "record", clip, "--person", TEXT, "--start", TEXT)
    yield log(place, "record", place / "photos", *anna)
    yield log(place, "record", TEXT, *anna)
    yield log(place, "record", f"rtsp://{TEXT}", *anna, "--for", "0.1")


def log_verify(place: Path) -> Commands:
    yield log(place, "verify", "--head", TEXT)


def monitor_run(place: Path) -> Commands:
    of = (
        *log(place)[1:],
        "--detector",
        "none",
        "--model",
        model(place, labels=(LABEL, *FER2013[1:])),
    )
    path = place / f"{NAME}.toml"
    run = ("monitor", "run", path, *of)

    def write(camera: str, *, person: str = "anna", **keys: object) -> None:
        lines = (f"{key} = {json.dumps(value)}" for key, value in keys.items())
        path.write_text(
            "\n".join(("[monitor]", *lines, "[[source]]", f"name = '{LABEL}'"))
            + f"\ncamera = {json.dumps(camera)}\npersons = [{json.dumps(person)}]\n", "utf-8"
        )  # fmt: skip

    write("http://127.0.0.1:1/[b]:smile:", heartbeat=str(place / f"{NAME}.json"))
    yield *run, "--for", "0.1"
    yield *run, "--heartbeat", place / TEXT, "--for", "0.1"
    yield *run, "--for", TEXT
    yield "monitor", "run", TEXT, *of
    for keys in ({"rules": TEXT}, {"timezone": TEXT}, {"check_at": TEXT}, {TEXT: 1}):
        if TEXT in keys:
            path.write_text(f"[monitor]\n{json.dumps(TEXT)} = 1\n[[source]]\nname = 'a'\n", "utf-8")
        else:
            write("0", **keys)
        yield run
    for camera, person in ((TEXT, "anna"), (f"http://{TEXT}", "anna"), ("0", TEXT), ("0", "x@1")):
        write(camera, person=person)
        yield run


def serve(place: Path) -> Commands:
    of = ("serve", "--port", "0", "--tokens", place / "tokens.json")
    yield *of, "--host", TEXT
    yield *of, "--allow-host", TEXT
    yield *of, "--log", place / TEXT
    yield *of, "--log", place / "fer2013.csv", "--key-file", place / TEXT
    yield *of, "--reports", place / TEXT
    yield *of, "--tls-cert", TEXT, "--tls-key", place / "fer2013.csv"
    yield *of, "--model", TEXT
    yield "serve", "--port", "0", "--tokens", place / "fer2013.csv"
    yield "serve", TEXT


def token_create(place: Path) -> Commands:
    yield "serve", "token", "create", TEXT, "--tokens", place / f"{NAME}.json"
    yield "serve", "token", "create", "anna", "--tokens", place / "photos" / NAME
    yield "serve", "token", "create", "anna", "--role", TEXT


def token_list(place: Path) -> Commands:
    yield "serve", "token", "list", "--tokens", place / "fer2013.csv"
    yield "serve", "token", "list", "--tokens", place / TEXT, "--json"
    made = {"id": LABEL, "name": TEXT, "role": "care", "sha256": "0" * 64, "created": 1}
    (path := place / "tokens.json").write_text(json.dumps({"tokens": [made]}))
    yield "serve", "token", "list", "--tokens", path
    yield "serve", "token", "list", "--tokens", path, "--json"


def token_revoke(place: Path) -> Commands:
    yield "serve", "token", "revoke", TEXT, "--tokens", place / f"{NAME}.json"


def simulate(place: Path) -> Commands:
    small = ("monitor", "simulate", "--persons", 2, "--days", 20, "--horizon", 5, "--after", 5)
    path = place / f"{NAME}.toml"
    path.write_text(
        f"[[rule]]\nname = '{LABEL}'\nkind = 'ewma'\nmeasure = 'fear'\n"
        f"[[rule]]\nname = '{LABEL}2'\nkind = 'unseen'\nhours = 3\n", "utf-8"
    )  # fmt: skip
    yield *small, "--rules", path
    yield *small, "--rules", path, "--json"
    yield *small, "--rules", path, "--rule", LABEL, "--compare", "worlds"
    yield *small, "--rules", path, "--rule", TEXT
    yield *small, "--rules", place / TEXT
    yield *small, "--compare", TEXT
    for rule in (f"name = {json.dumps(TEXT)}", f"name = 'a'\n{json.dumps(TEXT)} = 3",
                 f"name = '{LABEL}'\nkind = 'ewma'\nmeasure = {json.dumps(TEXT)}"):  # fmt: skip
        path.write_text(f"[[rule]]\n{rule}\n", "utf-8")
        yield *small, "--rules", path


CASES: dict[str, Callable[[Path], Commands]] = {
    "alerts ack": alerts_ack, "alerts backtest": alerts_backtest, "alerts check": alerts_check,
    "alerts feedback": alerts_feedback, "alerts list": alerts_list,
    "alerts resolve": alerts_resolve, "alerts send-test": alerts_send_test,
    "analyze": analyze, "average": average, "camera": camera, "compare": compare,
    "compress": compress,
    "corpus merge": of_corpus("merge", ("--out", TEXT), ("--out", "new", "--by", TEXT)),
    "corpus report": of_corpus("report", ("--out", TEXT)), "corpus retry": of_corpus("retry"),
    "corpus run": of_corpus("run"), "corpus status": of_corpus("status", ("--json",)),
    "corpus verify": of_corpus("verify", ("--content",)),
    "data crop": crop, "data info": info, "data label": label, "data pack": pack,
    "data plot": plot, "doctor": doctor,
    "evaluate": evaluate, "export": export,
    "serve": serve, "serve token create": token_create, "serve token list": token_list,
    "serve token revoke": token_revoke,
    "log backup": log_backup, "log create": log_create, "log erase": log_erase,
    "log export": log_export, "log import": log_import, "log info": log_info,
    "log person add": log_person_add, "log person consent": log_person_consent,
    "log person list": log_person_list, "log person withdraw": log_person_withdraw,
    "log prune": log_prune, "log reanalyse": log_reanalyse, "log record": log_record,
    "log remove": log_remove, "log sessions": log_sessions, "log verify": log_verify,
    "models": models, "models show": show, "monitor run": monitor_run,
    "monitor simulate": simulate, "report": report, "study": study,
    "train": train, "trends": trends, "tune": tune, "video": video,
}  # fmt: skip


def test_every_command_has_a_case() -> None:
    assert set(CASES) == {path for path, _ in every_command(cli)}


@pytest.mark.parametrize("name", CASES)
def test_no_name_acts_on_a_terminal(
    name: str, place: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for extra in ("torch", "optuna", "matplotlib", "onnx", "sqlalchemy"):
        pytest.importorskip(extra)
    for table in (registry.detectors, registry.classifiers):

        def broken(**_: object) -> None:
            raise RuntimeError(TEXT)

        for known in table.names():
            table.get(known)  # a built-in first imported below would be forgotten with the patch
        monkeypatch.setattr(table, "_factories", {**table._factories, TEXT[:9]: broken})
    monkeypatch.setattr("mien.labelling.server.LabelServer.serve_forever", lambda *_, **__: None)
    for arguments in CASES[name](place):
        status = mien(*arguments)
        assert status in (0, 1, 2), arguments
        for text in capsys.readouterr():
            assert harmless(text), (arguments, text)
            assert "Traceback" not in text


def harmless(text: str) -> bool:
    lines = text.split("\n")
    return all(for_terminal(line) == line == for_json(line) for line in lines)


def test_a_forged_line_stays_in_its_line(place: Path, capsys: Output) -> None:
    for arguments in CASES["analyze"](place):
        mien(*arguments)
        for stream in capsys.readouterr():
            assert not any(line.startswith("[link") for line in stream.splitlines())
        break


def test_tables_that_are_written_hold_no_formula(place: Path, capsys: Output) -> None:
    options = ("--detector", "none", "--model", model(place, labels=(LABEL, *FER2013[1:])))
    files = ("-o", place / "o.csv", "--crops", place / "crops")
    mien("analyze", place / "photos", "-f", "csv", *options, *files)
    for path in (place / "o.csv", place / "crops" / "crops.csv"):
        rows = list(csv.reader(StringIO(path.read_text("utf-8"))))
        assert len(rows) == 2
        for cell in (cell for row in rows for cell in row if cell):
            assert cell[0] not in "=+-@\t\r" or float(cell) < 0
