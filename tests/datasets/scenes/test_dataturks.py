from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mien.datasets.base import SceneDataset
from mien.datasets.boxes import CLIPPED, NO_AREA, NO_NUMBERS, OUTSIDE, SWAPPED
from mien.datasets.files.fetching import DEAD_LIST, FetchesPictures
from mien.datasets.opening import open_dataset
from mien.datasets.scene import Scene
from mien.datasets.scenes.dataturks import OTHER_SHAPE, Dataturks
from mien.datasets.scenes.dataturks_export import NOT_ANNOTATED
from mien.errors import ConfigError, DatasetError
from mien.samples import ASTRONAUT
from tests.support import web

HOST = "http://pictures.example"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "xdg"


def box(*points: tuple[Any, Any], label: Any = "Face", size: Any = (512, 512)) -> dict[str, Any]:
    return {
        "label": label,
        "notes": "",
        "points": [{"x": x, "y": y} for x, y in points],
        "imageWidth": size[0],
        "imageHeight": size[1],
    }


FACE = box((0.25, 0.125), (0.5, 0.375))  # 128, 64, 256, 192


def export(path: Path, rows: dict[str, Any], *more: str) -> Path:
    """``rows``: address → annotation."""
    lines = [json.dumps({"content": url, "annotation": found}) for url, found in rows.items()]
    path.write_text("\n".join([*lines, *more, ""]))
    return path


def photos(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(ASTRONAUT.read_bytes())
    return folder


def scenes(path: Path, **options: str) -> tuple[list[Scene], Dataturks]:
    found = open_dataset(path, "dataturks", [f"{k}={v}" for k, v in options.items()])
    assert isinstance(found, Dataturks) and isinstance(found, SceneDataset)
    assert found.splits() == ("train",)
    return list(found.scenes("train")), found


def one(tmp_path: Path, *objects: Any, **options: str) -> tuple[Scene, Dataturks]:
    path = export(tmp_path / "export.json", {f"{HOST}/a.jpg": list(objects)})
    options.setdefault("pictures", str(photos(tmp_path / "photos", "a.jpg")))
    (scene,), found = scenes(path, **options)
    return scene, found


def test_points_are_shares_of_the_picture(tmp_path: Path) -> None:
    round_it = box((0.1, 0.2), (0.4, 0.2), (0.4, 0.3), (0.1, 0.3))
    scene, found = one(tmp_path, FACE, round_it)
    np.testing.assert_allclose(
        scene.boxes, [[128, 64, 256, 192], [51.2, 102.4, 204.8, 153.6]], rtol=1e-6
    )
    assert scene.boxes.dtype == np.float32 and not scene.ignored.any()
    assert (scene.width, scene.height) == (512, 512)
    assert np.array_equal(scene.image, np.array(Image.open(ASTRONAUT)))
    assert found.skipped("train") == {}


def test_points_fit_a_copy_of_another_size(tmp_path: Path) -> None:
    pictures = tmp_path / "small"
    pictures.mkdir()
    Image.open(ASTRONAUT).resize((128, 128)).save(pictures / "a.jpg")
    scene, _ = one(tmp_path, FACE, pictures=str(pictures))
    assert scene.boxes.tolist() == [[32, 16, 64, 48]]
    assert (scene.width, scene.height) == (128, 128)


def test_a_picture_of_another_shape_is_left_out(tmp_path: Path) -> None:
    rows = {f"{HOST}/a.jpg": [box((0, 0), (1, 1), size=(640, 480))], f"{HOST}/b.jpg": [FACE]}
    path = export(tmp_path / "export.json", rows)
    found, data = scenes(path, pictures=str(photos(tmp_path / "photos", "a.jpg", "b.jpg")))
    assert [scene.key for scene in found] == ["b.jpg"]
    assert data.skipped("train") == {OTHER_SHAPE: ["a.jpg"]}


def test_a_photo_taken_sideways_has_the_size_that_it_is_seen_with(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "turned").mkdir()
    lying = Image.open(ASTRONAUT).crop((0, 0, 400, 200))
    lying.save(tmp_path / "turned/a.jpg", exif=exif)
    found = box((0, 0), (0.5, 0.5), size=(200, 400))
    scene, _ = one(tmp_path, found, pictures=str(tmp_path / "turned"))
    assert scene.boxes.tolist() == [[0, 0, 100, 200]]
    assert scene.image.shape == (400, 200, 3)


def test_bad_boxes_are_named_and_none_is_fatal(tmp_path: Path) -> None:
    scene, found = one(
        tmp_path,
        box((0.5, 0.375), (0.25, 0.125)),  # swapped
        box((0.5, 0.5), (0.5, 0.5)),  # no area
        box((1.5, 0.5), (2, 1)),  # outside
        box((0.75, 0.75), (1.25, 1.25)),  # reaches beyond
        box((0.5, 0.5)),  # one point
        box((None, "x"), (0, 1)),
        {"label": "Face"},
        "words",
        None,
        box((float("nan"), 0), (1, 1)),
    )
    assert scene.boxes.tolist() == [[128, 64, 256, 192], [384, 384, 512, 512]]
    told = {reason: len(keys) for reason, keys in found.skipped("train").items()}
    assert told == {
        NO_NUMBERS: 6,
        SWAPPED: 1,
        NO_AREA: 1,
        OUTSIDE: 1,
        CLIPPED: 1,
    }


@pytest.mark.parametrize("label", ["Not_Face", "not face", "Non-Face", "NOFACE", ["A", "No face"]])
def test_objects_that_are_no_face_are_dropped(label: Any, tmp_path: Path) -> None:
    scene, found = one(tmp_path, box((0, 0), (1, 1), label=label), FACE)
    assert len(scene.boxes) == 1
    (reason,) = found.skipped("train")
    assert "not a face" in reason and found.skipped("train")[reason] == ["a.jpg#1"]


def test_drop_names_other_labels_and_labels_travel(tmp_path: Path) -> None:
    hidden, other = ["Hidden face", "Age_20_30"], ["Not_Face"]
    objects = [box((0, 0), (0.5, 1), label=label) for label in (hidden, other, [], None)]
    scene, _ = one(tmp_path, *objects, drop="hidden-face, car")
    assert scene.attributes == ({"labels": other}, {"labels": []}, {"labels": []})
    scene, _ = one(tmp_path, *objects, drop="")
    assert len(scene.boxes) == 4 and scene.attributes[0] == {"labels": hidden}


def test_no_face_is_one_thing_and_no_annotation_another(tmp_path: Path) -> None:
    rows = {f"{HOST}/a.jpg": [], f"{HOST}/b.jpg": None, f"{HOST}/c.jpg": {"labels": ["cat"]}}
    twice = json.dumps({"content": f"{HOST}/a.jpg", "annotation": [FACE]})
    torn = '{"content": "http://x/d.jpg", "annot'
    path = export(tmp_path / "export.json", rows, twice, torn, '{"content": 3}', "[" * 100_000)
    found, data = scenes(path, pictures=str(photos(tmp_path / "p", "a.jpg", "b.jpg", "c.jpg")))
    assert [(scene.key, scene.boxes.shape) for scene in found] == [("a.jpg", (0, 4))]
    assert data.skipped("train") == {
        NOT_ANNOTATED: [f"{HOST}/b.jpg"],
        "annotation is not a list of boxes": [f"{HOST}/c.jpg"],
        "line is not a JSON object with an address": ["line 5", "line 6", "line 7"],
        "picture is listed a second time": ["a.jpg"],
    }


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/x/uuid___a.jpg", "uuid___a.jpg"),
        ("/x/uuid___a.jpg", "deep/er/a.jpg"),
        ("/x/uuid___a.jpg.jpeg", "a.jpg"),
        ("/x/uuid___a.jpg.jpeg", "a.jpg.jpeg"),
        ("/x/uuid___a.jpg", "A.JPG.jpeg"),
        ("/x/uuid___caf%C3%A9+1%20b.jpg?size=3#top", "café 1 b.jpg"),
        ("/x/a.png", "a.png"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_pictures_are_found_by_name(url: str, name: str, zipped: bool, tmp_path: Path) -> None:
    path = export(tmp_path / "export.json", {HOST + url: [FACE]})
    pictures = photos(tmp_path / "pictures", name)
    if zipped:
        with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as file:
            file.write(pictures / name, name)
        pictures = tmp_path / "pictures.zip"
    (scene,), data = scenes(path, pictures=str(pictures))
    assert scene.key == name and scene.image.shape == (512, 512, 3)
    assert not data.skipped("train")


def test_a_name_of_many_suffixes_takes_linear_time(tmp_path: Path) -> None:
    """An address may be megabytes long."""
    path = export(tmp_path / "export.json", {f"{HOST}/a{'.jpg' * 50_000}": [FACE]})
    (scene,), _ = scenes(path, pictures=str(photos(tmp_path / "photos", "a.jpg")))
    assert len(scene.boxes) == 1


def test_a_name_that_is_not_one_picture_alone_is_left_out(tmp_path: Path) -> None:
    names = ["1___same.jpg", "2___same.jpg", "3___twice.jpg", "4___none.jpg", "5___there.jpg"]
    path = export(tmp_path / "export.json", {f"{HOST}/{name}": [FACE] for name in names})
    pictures = photos(tmp_path / "p", "same.jpg", "a/twice.jpg", "b/twice.jpg", "there.jpg")
    found, data = scenes(path, pictures=str(pictures))
    assert [scene.key for scene in found] == ["there.jpg"]
    assert data.skipped("train") == {
        "several pictures have its name": [f"{HOST}/{name}" for name in names[:3]],
        "no picture has its name": [f"{HOST}/{names[3]}"],
    }


def test_a_folder_or_zip_may_hold_the_pictures_too(tmp_path: Path) -> None:
    folder = photos(tmp_path / "both", "images/a.jpg")
    export(folder / "export.json", {f"{HOST}/1___a.jpg": [FACE]})
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as file:
        for name in ("images/a.jpg", "export.json"):
            file.write(folder / name, name)
    for path in (folder, tmp_path / "both.zip"):
        (scene,), _ = scenes(path)
        assert scene.key == "images/a.jpg" and len(scene.boxes) == 1


def test_a_picture_that_cannot_be_decoded_is_reported_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/a.jpg").write_bytes(b"words")
    scene, _ = one(tmp_path, FACE, pictures=str(tmp_path / "bad"))
    assert scene.boxes.tolist() == [[128, 64, 256, 192]]
    with pytest.raises(DatasetError, match=r"a\.jpg cannot be decoded"):
        _ = scene.image


def site_export(path: Path, url: str) -> Path:
    names = ["x/1___a.jpg", "y/1___a.jpg", "2___b.jpg", "dead.jpg", "busy.jpg"]
    return export(path, {f"{url}/{name}": [FACE] for name in names})


PAGES = {
    "/x/1___a.jpg": web.content(ASTRONAUT.read_bytes()),
    "/y/1___a.jpg": web.content(ASTRONAUT.read_bytes()),
    "/2___b.jpg": web.content(ASTRONAUT.read_bytes()),
    "/busy.jpg": web.first(1, web.status(503), web.content(ASTRONAUT.read_bytes())),
}


def test_pictures_are_fetched_once_and_the_dead_are_reported(tmp_path: Path, cache: Path) -> None:
    with web.serving(PAGES) as site:
        path = site_export(tmp_path / "export.json", site.url)
        seen: list[tuple[int, int]] = []
        data = Dataturks(path, private="yes")
        assert not site.asked and not cache.exists()  # opening alone fetches nothing
        assert isinstance(data, FetchesPictures)
        data.fetch(lambda *now: seen.append(now))
        assert seen == [(n, 5) for n in range(1, 6)]
        for again in (data, Dataturks(path, private="yes")):
            found = list(again.scenes("train"))
            assert [scene.key for scene in found] == [
                f"{site.url}/x/1___a.jpg", f"{site.url}/y/1___a.jpg", "2___b.jpg", "busy.jpg",
            ]  # fmt: skip
            assert found[2].boxes.tolist() == [[128, 64, 256, 192]]
            assert found[2].image.shape == (512, 512, 3)
            dead = {"not fetched, HTTP 404 Not Found": [f"{site.url}/dead.jpg"]}
            assert again.skipped("train") == dead
        assert site.asked.total() == 6 and site.asked["/busy.jpg"] == 2
        assert Dataturks(path, retry="yes", private="yes").skipped("train") == dead
        assert site.asked["/dead.jpg"] == 2 and site.asked.total() == 7
        (folder,) = (cache / "mien/dataturks").iterdir()
        assert folder == data.cache and (folder / DEAD_LIST).is_file()


def test_the_cache_goes_to_the_given_folder(tmp_path: Path, cache: Path) -> None:
    with web.serving(PAGES) as site:
        path = export(tmp_path / "export.json", {f"{site.url}/2___b.jpg": [FACE]})
        (_,), _ = scenes(path, cache=str(tmp_path / "mine"), private="yes")
    assert len(list((tmp_path / "mine").glob("*.jpg"))) == 1 and not cache.exists()


def test_not_one_picture_is_an_error_with_a_way_round(tmp_path: Path) -> None:
    with web.serving({}) as site:
        path = site_export(tmp_path / "export.json", site.url)
        for _ in range(2):
            data = Dataturks(path, private="yes")
            with pytest.raises(DatasetError) as error:
                next(data.scenes("train"))
            words = "none of the 5 pictures", "5 times: HTTP 404", "retry=yes", "pictures=FOLDER"
            assert all(word in str(error.value) for word in words)
        with pytest.raises(DatasetError, match=r"not on the internet.*private=yes"):
            next(Dataturks(path, cache=str(tmp_path / "new")).scenes("train"))
    pictures = photos(tmp_path / "others", "other.jpg")
    with pytest.raises(DatasetError, match=r"others \(5 times: no picture has.*'1___a.jpg'"):
        scenes(path, pictures=str(pictures))


@pytest.mark.parametrize(
    ("option", "value"),
    [("retry", "maybe"), ("private", "1"), ("pictures", "export.json"), ("label", "x")],
)
def test_options_of_other_values_are_refused(option: str, value: str, tmp_path: Path) -> None:
    path = export(tmp_path / "export.json", {f"{HOST}/a.jpg": [FACE]})
    value = str(tmp_path / value) if option == "pictures" else value
    with pytest.raises(ConfigError, match=option):
        scenes(path, **{option: value})


@pytest.mark.parametrize("text", ["", "words", "[]", '{"images": []}', '{"content": "x"}\n'])
def test_other_files_are_no_export(text: str, tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(DatasetError, match="no Dataturks export"):
        Dataturks(tmp_path / "export.json")
    with pytest.raises(DatasetError, match="no Dataturks export"):
        Dataturks(tmp_path)


def test_empty_lines_go_before_and_between(tmp_path: Path) -> None:
    path = export(tmp_path / "a.json", {f"{HOST}/a.jpg": [FACE]}, "", "{broken")
    path.write_text("\r\n \n" + path.read_text())
    (scene,), found = scenes(path, pictures=str(photos(tmp_path / "photos", "a.jpg")))
    assert len(scene.boxes) == 1
    assert list(found.skipped("train").values()) == [["line 5"]]


def test_other_paths_and_splits_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no data at"):
        Dataturks(tmp_path / "nowhere.json")
    path = export(tmp_path / "export.json", {f"{HOST}/a.jpg": None})
    with pytest.raises(DatasetError, match="no split 'valid'"):
        next(Dataturks(path).scenes("valid"))
    with pytest.raises(DatasetError, match=r"no usable picture \(not annotated"):
        next(Dataturks(path).scenes("train"))
    (tmp_path / "binary.json").write_bytes(path.read_bytes() + b"\xff\xfe\x80")
    with pytest.raises(DatasetError, match="damaged"):
        Dataturks(tmp_path / "binary.json")


def test_the_real_export(shared: Path, tmp_path: Path) -> None:
    """Pictures of the right size stand in for the real ones, whose addresses are dead."""
    path = shared / "data" / "dataturks_face_recognition.json"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    small = {}
    for row in rows:
        sizes = [(a["imageWidth"], a["imageHeight"]) for a in row["annotation"]] or [(100, 100)]
        picture = io.BytesIO()
        Image.new("1", sizes[0]).save(picture, "PNG", compress_level=1)
        small[row["content"].rpartition("/")[2]] = picture.getvalue()
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as file:
        for name, data in small.items():
            file.writestr(f"pictures/{name}", data)
    found, data = scenes(path, pictures=str(tmp_path / "pictures.zip"))
    assert len(found) == len(rows) == 120
    objects = [(row, each) for row in rows for each in row["annotation"]]
    no_face = [each for _, each in objects if "Not_Face" in each["label"]]
    flat = [each for _, each in objects if each["points"][0] == each["points"][1]]
    assert (len(objects), len(no_face), len(flat)) == (351, 138, 1)
    assert sum(len(scene.boxes) for scene in found) == 351 - 138 - 1
    skipped = {reason: len(keys) for reason, keys in data.skipped("train").items()}
    assert skipped == {
        "labelled 'Not_Face', not a face": 138, NO_AREA: 1,
    }  # fmt: skip
    for row, scene in zip(rows, found, strict=True):
        assert scene.key.endswith(row["content"].rpartition("/")[2])
        expected = [
            [
                min(each["points"], key=lambda p: p["x"])["x"] * each["imageWidth"],
                min(each["points"], key=lambda p: p["y"])["y"] * each["imageHeight"],
                max(each["points"], key=lambda p: p["x"])["x"] * each["imageWidth"],
                max(each["points"], key=lambda p: p["y"])["y"] * each["imageHeight"],
            ]
            for each in row["annotation"]
            if each not in no_face and each not in flat
        ]
        np.testing.assert_allclose(scene.boxes, np.reshape(expected, (-1, 4)), rtol=1e-4, atol=0.1)
