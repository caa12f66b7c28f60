"""How ``test_shown_commands`` runs what the documents show: reduced, and what it cannot run."""

from __future__ import annotations

NO_INSTALL = "installs packages: CI does it for the whole suite"
NO_FUZZ = "makes a virtual environment; tests/fuzz/test_fuzz.py runs the same, for seconds"
CAMERA = "needs a camera; tests/cli/test_camera.py has one on loopback"
LOG_CAMERA = "needs a camera; tests/log/test_recording.py has one on loopback"
TEACHERS = "needs three or four runs of se_resnet18, which need a GPU"
HISTORY = "needs the project's history and a run that is not in it"
WAITS = "waits for a person; tests/labelling/test_page.py answers in a browser"
NOT_RUN = {
    "make run": "makes a virtual environment and installs packages",
    "make test": "makes a virtual environment and runs this suite",
    "make fuzz": NO_FUZZ,
    "make kill": "takes a quarter of an hour; tests/kill/test_kill.py is a short run",
    "make fuzz ARGS='--inputs 5000 --seed 7 --doors coco,voc'": NO_FUZZ,
    "make fuzz ARGS='--replay out/fuzz/coco-7-120.zip'": NO_FUZZ,
    "git clone REPOSITORY mien && cd mien": "needs the network",
    "python3 -m venv .venv": "'make run' does the same",
    ". .venv/bin/activate": "works in that environment alone",
    "pip install .": NO_INSTALL,
    "pipx install .": NO_INSTALL,
    "uv tool install .": NO_INSTALL,
    "uvx --from . mien doctor": NO_INSTALL,
    "pip install '.[train]'": NO_INSTALL,
    "pip install '.[plot]'": NO_INSTALL,
    "pip install '.[tables]'": NO_INSTALL,
    "pip install '.[heif]'": NO_INSTALL,
    "pip install '.[video]'": NO_INSTALL,
    "pip install '.[tune]'": NO_INSTALL,
    "pip install '.[server]'": NO_INSTALL,
    "pip install '.[scale]'": NO_INSTALL,
    "pip install '.[ray]'": NO_INSTALL,
    "mien corpus run photos --out job_of_ray --engine ray": (
        "takes a minute to start; tests/scale/test_ray_engine.py runs it, marked as slow"
    ),
    "mien corpus run s3://bucket/photos --out job_of_cluster --engine ray --ray-address auto": (
        "needs a cluster and a store; tests/scale has both on loopback, marked as slow"
    ),
    "python benchmarks/corpus.py speed --pictures wider_train5.zip fer2013.zip --first 8000 "
    "--shards 16 --ray": "takes minutes",
    "python benchmarks/corpus.py speed --pictures wider_train5.zip --first 1239 --shards 16 "
    "--rounds 2": "takes minutes",
    "python benchmarks/corpus.py memory --pictures fer2013.zip --count 200000": "takes minutes",
    "python tools/corpus_kills.py photos --out kills --workers-killed 8 --drivers-killed 2 -- "
    "--shard-size 25": "takes minutes",
    "pip install '.[log]'": NO_INSTALL,
    "pip install '.[encryption]'": NO_INSTALL,
    "pip install '.[postgres]'": NO_INSTALL,
    "mien log record rtsp://user:password@192.168.1.20/live --person anna@0,0,0.5,1 "
    "--person ben@0.5,0,1,1": LOG_CAMERA,
    "mien log record 0 --person anna --timezone Europe/Berlin --for 8:00:00 --fps 5": LOG_CAMERA,
    "mien monitor run home.toml --log home.db": (
        "needs cameras; tests/monitor/service has one on loopback"
    ),
    "mien log create --log postgresql://mien@server/log": (
        "needs a server; tests/log/conftest.py starts one"
    ),
    "pip install '.[train,plot]'": NO_INSTALL,
    "python benchmarks/detector_speed.py --pictures wider_val_dev.zip": (
        "needs the project's history, and pictures for whole mosaics of 1920×1080"
    ),
    "torchrun --nproc-per-node 4 -m mien train se_resnet18 --data fer2013.zip --out runs/big": (
        "needs four GPUs; tests/train/test_distributed.py starts several processes on the CPU"
    ),
    "git show b4c0382:src/mien/weights/default.onnx > older.onnx": HISTORY,
    "mien compare before.onnx older.onnx student.onnx --data fer2013.zip --split public": HISTORY,
    "mien compare before.onnx older.onnx student.onnx --data fer2013.zip --split public "
    "--corruptions": HISTORY,
    "mien train default_distilled --data fer2013.zip --out wide --teacher runs/a "
    "--teacher runs/b --teacher runs/c --device cuda --set 'widths=[64,96,128,192]' --set "
    "'blocks=[3,2,2,2]' --set 'size_schedule=[[0.3,36]]' --set mix_probability=0.6 --set "
    "weak_epochs=15 --set distill_weight=0.8 --set ema=0.999 --epochs 158": TEACHERS,
    "mien train default_distilled --data fer2013.zip --out larger --teacher runs/0 --teacher "
    "runs/1 --teacher runs/2 --teacher runs/3 --device cuda --set valid_split= --set "
    "'widths=[48,96,160,320]' --set 'size_schedule=[[0.3,36]]' --set mix_probability=0.6 --set "
    "weak_epochs=12 --set distill_weight=0.8 --set ema=0.999 --epochs 94": TEACHERS,
    "mien train default_distilled --data fer2013.zip --out runs/candidate --device cuda --epochs "
    "16 --seed 0 --set needs_teacher=false --set distill_weight=0 --set splits=random:90/10 --set "
    "valid_split=valid --set weak_epochs=3 --set mix_probability=0.5 --set ema=0.998 --set "
    "input_size=48 --set 'widths=[48,96,160,320]'": "needs a GPU",
    "mien compress runs/0 --data fer2013.zip --macs 225 --out runs/small": TEACHERS,
    "mien compress runs/0 --data fer2013.zip --macs 300 --out runs/e0": TEACHERS,
    "mien compress runs/1 --data fer2013.zip --like runs/e0 --out runs/e1": TEACHERS,
    "mien compress runs/2 --data fer2013.zip --like runs/e0 --out runs/e2": TEACHERS,
    "mien compress runs/3 --data fer2013.zip --like runs/e0 --out runs/e3": TEACHERS,
    "mien train compressed --data fer2013.zip --weights runs/small --teacher runs/e0 --teacher "
    "runs/e1 --teacher runs/e2 --teacher runs/e3 --out runs/tuned --set valid_split=": TEACHERS,
    "mien export runs/tuned --out tuned.onnx --temperature 0.7325 --margin -0.035 --offset 0.01 "
    "-0.007 --no-align": TEACHERS,
    "mien compress runs/0 --data fer2013.zip --macs 600 --out runs/less": TEACHERS,
    "mien train compressed --data fer2013.zip --weights runs/less --teacher runs/0 --teacher "
    "runs/1 --out runs/taught --set valid_split= --epochs 4 --set batch_size=64 --set lr=0.01 "
    "--set noise=0.1 --set blur=1.2 --set distill_sharp=true --set freeze_statistics=true": (
        TEACHERS
    ),
    "python tools/choose_share.py --pictures wider_train5.zip --teachers runs/0 runs/1 runs/2 "
    "runs/3 --before runs/less --after runs/again --like before.onnx --first 800 --shares 0 0.2 "
    "0.25 0.3 0.35 0.4": TEACHERS,
    "mien train compressed --data fer2013.zip --weights runs/taught --teacher runs/e0 --teacher "
    "runs/e1 --teacher runs/e2 --teacher runs/e3 --out runs/again --set valid_split= --epochs 4 "
    "--set batch_size=64 --set lr=0.005 --set noise=0.1 --set blur=1.2 --set distill_sharp=true "
    "--set sharp_share=0.5 --set freeze_statistics=true --set distill_weight=1 --set "
    "mix_probability=0 --set dropout=0 --set erasing=0.1": TEACHERS,
    "git show 906d6d7:src/mien/weights/default.onnx > averaged.onnx": HISTORY,
    "mien train compressed --data fer2013.zip --weights averaged.onnx --teacher runs/less "
    "--teacher runs/4 --out runs/third --set valid_split= --epochs 2 --set batch_size=64 --set "
    "lr=0.005 --set noise=0.1 --set blur=1.2 --set downscale=3 --set distill_sharp=true --set "
    "sharp_share=0.5 --set freeze_statistics=true --set distill_weight=1 --set "
    "mix_probability=0 --set dropout=0 --set erasing=0.1": TEACHERS,
    "python tools/choose_share.py --pictures wider_train5.zip --teachers runs/0 runs/4 runs/5 "
    "--before runs/less --after runs/third --like before.onnx --first 800 --shares 0 0.2 0.25 "
    "0.3 0.4": TEACHERS,
    "mien average runs/third runs/less --share 0.3 --share 0.7 --out runs/between": TEACHERS,
    "mien train compressed --data fer2013.zip --weights runs/less --teacher runs/0 --teacher "
    "runs/4 --teacher runs/5 --out runs/long --device cuda --set valid_split= --epochs 34 "
    "--set batch_size=256 --set lr=0.04 --set noise=0.1 --set blur=1.2 --set downscale=3 --set "
    "distill_sharp=true --set distill_flip=true --set sharp_share=0.5 --set "
    "freeze_statistics=true --set distill_weight=1 --set dropout=0 --set erasing=0.25 --set "
    "mix_probability=0 --set weak_epochs=3 --set ema=0.998": TEACHERS,
    "mien train compressed --data fer2013.zip --weights runs/less --teacher runs/0 --teacher "
    "runs/4 --teacher runs/5 --out runs/mixed --device cuda --set valid_split= --epochs 34 "
    "--set batch_size=256 --set lr=0.04 --set noise=0.1 --set blur=1.2 --set downscale=3 --set "
    "distill_sharp=true --set distill_flip=true --set sharp_share=0.5 --set "
    "freeze_statistics=true --set distill_weight=1 --set dropout=0 --set erasing=0.25 --set "
    "mix_probability=0.5 --set weak_epochs=3 --set ema=0.998": TEACHERS,
    "mien train compressed --data fer2013.zip --weights runs/long --teacher runs/0 --teacher "
    "runs/4 --teacher runs/5 --out runs/longer --device cuda --set valid_split= --epochs 36 "
    "--set batch_size=256 --set lr=0.04 --set noise=0.1 --set blur=1.2 --set downscale=3 --set "
    "distill_sharp=true --set distill_flip=true --set sharp_share=0.5 --set "
    "freeze_statistics=true --set distill_weight=1 --set dropout=0 --set erasing=0.25 --set "
    "mix_probability=0.25 --set weak_epochs=3 --set ema=0.998": TEACHERS,
    "mien average runs/again runs/less --share 0.4 --share 0.6 --out runs/between": TEACHERS,
    "mien export runs/between --out default.onnx --name default --weights int8 --data fer2013.zip "
    "--temperature 0.7968 --margin -0.035 --offset 0.01 -0.007 --no-align": TEACHERS,
    "git show d3f0e6e1:src/mien/weights/default.onnx > before.onnx": HISTORY,
    "git show b4c0382:src/mien/weights/default.onnx > first.onnx": HISTORY,
    "mien compare default before.onnx first.onnx --data fer2013.zip --split public": HISTORY,
    "mien compare default before.onnx first.onnx --data fer2013.zip --split public "
    "--corruptions": HISTORY,
    "mien compare default before.onnx --data fer2013.zip --split public": HISTORY,
    "mien compare default averaged.onnx --data fer2013.zip --split public": HISTORY,
    "mien compare default before.onnx --data fer2013.zip --split public --corruptions": HISTORY,
    "mien train se_resnet18 --data fer2013.zip --out runs/1 --seed 1 --epochs 72 --device cuda "
    "--set valid_split= --set 'size_schedule=[[0.35,32],[0.25,40]]' --set rotation=18 --set "
    "erasing=0.4 --set mix_probability=0.7 --set weak_epochs=8 --set ema=0.999": "needs a GPU",
    "mien train default_distilled --data fer2013.zip --out wider --weights wide --teacher "
    "runs/a --teacher runs/b --teacher runs/c --device cuda --set "
    "'widths=[64,96,128,192]' --set 'blocks=[3,2,2,2]' --set lr=0.06 --set warmup=0.02 "
    "--set mix_probability=0.5 --set weak_epochs=15 --set distill_weight=0.8 --set "
    "ema=0.999 --epochs 45": TEACHERS,
    "python benchmarks/yunet_parity.py --model yunet_n_320_320.onnx --pictures "
    "wider_val_dev.zip": "needs the file that YuNet's authors publish",
    "python benchmarks/photos.py --photos photos --before ../before": HISTORY,
    "mien camera": CAMERA,
    "mien camera rtsp://user:password@192.168.1.20/live": CAMERA,
    "mien camera http://192.168.1.20/video.mjpg --for 1:00:00 --output visitors.csv": CAMERA,
    "mien camera 0 --format jsonl --quiet": CAMERA,
    "mien serve --open": WAITS,
    "mien data label faces --rater anna": WAITS,
    "mien data label faces --rater anna --show-old": WAITS,
    "mien data label faces --rater ben": WAITS,
    "mien data label faces --rater carla --labels bored,pain,drowsy --out pain.csv": WAITS,
    "mien data label faces --rater dora --port 8123 --no-browser": WAITS,
    "mien tune default --data fer2013.zip --out here --trials 100 --study night "
    "--storage postgresql://user:password@host/tuning": "needs a PostgreSQL server",
}
"""A shown command → why no test runs it."""

BENCHMARKS = {
    "python benchmarks/auto_detector.py": "--first 8",
    "python benchmarks/classify_every.py": "--sequences 1 --all-faces",
    "python benchmarks/detector_agreement.py": "--first 8",
    "python benchmarks/following.py": "--scenes exits --every 5",
    "python benchmarks/framing.py": "--pictures 20",
    "python benchmarks/framing_gain.py": "--pictures 20",
    "python benchmarks/live_latency.py": "--results 5",
    "python benchmarks/live_soak.py": "--minutes 1 --between 10",
    "python benchmarks/mtcnn_defaults.py": "--first 2 --no-search",
    "python benchmarks/pack.py": "--turns 1",
    "python benchmarks/reader_growth.py": "--pictures 100",
    "python benchmarks/readers.py": "--entries 100",
    "python benchmarks/scene_cuts.py": "--first 6",
    "python benchmarks/smoothing.py": "--sequences 1 --all-faces",
    "python benchmarks/speed.py": "--repeats 1 --calls 10",
    "python benchmarks/tracking.py": "--clips 1 --scenes exits",
    "python benchmarks/turned_pictures.py": "--count 4",
    "python benchmarks/usable.py": "--faces 40",
    "python benchmarks/video.py": "--repeats 1",
    "python benchmarks/video_memory.py": "--minutes 0.1",
    "python benchmarks/threads.py": "--repeats 1",
    "python benchmarks/yunet_defaults.py": "--every 20",
    "python benchmarks/training.py": "--pictures 128 --rounds 1 --batch 32",
    "python benchmarks/training_gpu.py": "--device cpu --limit 8 --batch 2 --steps 1 --losses 2",
}

DETECTOR = (
    "--epochs 1 --limit 4 --threads 1 --set batch_size=4 --set view=96 --set proposals=20 "
    "--set box_samples=16 --set short_side=96 --set long_side=160 --set channels=16"
)
CLASSIFIER = "--epochs 1 --limit 32 --threads 1 --set batch_size=16"
REDUCED = {
    "mien monitor simulate": "--persons 3 --days 20 --horizon 5 --after 5 --shift 3",
    "python tools/monitor_tables.py": "--help",
    "mien train --list": "",
    "mien train faster_rcnn_mobile": DETECTOR,
    "mien train resnet18 --data fer2013.zip --out runs/resnet18 --weights resnet18.pth": (
        "--epochs 2 --limit 16 --threads 1 --set batch_size=8 --set freeze_epochs=1 "
        "--set resize=32 --set input_size=32"
    ),
    "mien train resnet18": f"{CLASSIFIER} --set resize=32 --set input_size=32",
    "mien train --show": "",
    "mien train fine_tune": "--epochs 1 --threads 1",
    "mien train probe": "--epochs 1 --threads 1",
    "mien train": CLASSIFIER,
    "mien compress": "--pictures 4 --threads 1",
    "mien tune": "--trials 2 --epochs 1 --threads 1",
    "mien study": "--only majority",
    "mien evaluate default --data fer2013.zip --split public --corruptions": "--limit 7",
    "mien evaluate runs/cnn3 --data fer2013.zip --split public --corruptions": "--limit 7",
    "mien compare default runs/cnn3 --data fer2013.zip --split public --corruptions": "--limit 7",
    "python tools/compose_clips.py": "--rate 1",
    **BENCHMARKS,
}
"""First words of a command → what is appended to it. The longest that fits counts."""

CHANGED = {
    "random:1600/400/5000": "random:160/40/50",
    "test/sad/PublicTest_0029141.png": "test/sad/PublicTest_0000521.png",
    "--device cuda": "--device cpu",
    "--explain 12": "--explain 2",
}
"""A part of a command → what takes its place here: small data, and no GPU."""

OWN_SPLIT = "--set splits=random:90/10 --set valid_split=valid"
FIRST = {
    ("docs/detection.md", "mien evaluate runs/faces"): (
        f"mien train faster_rcnn_mobile --data wider_train5.zip --out runs/faces {OWN_SPLIT}",
    ),
    ("docs/detection.md", "mien compare mtcnn yunet"): (
        "mien evaluate mtcnn --data wider_val_dev.zip --save saved.npz",
    ),
    ("docs/evaluation.md", "mien evaluate runs/cnn3"): (
        "mien train cnn3 --data fer2013.zip --out runs/cnn3",
    ),
    ("docs/labelling.md", "mien data label faces --agreement"): (
        "python -c 'import cv2, numpy as np; "
        'face = cv2.resize(cv2.imread("photos/more/biden.png"), (64, 64)); '
        '[cv2.imwrite(f"faces/{n}.png", np.roll(face, n, 1)) for n in range(10, 60)]\'',
        "for rater in anna ben; do (echo path,label,rater,answer,time_utc,seconds,revision,"
        "suggestion_shown,suggestion,old_label_shown,old_label; ls faces | grep '^[0-9]' | "
        'awk -v r=$rater \'{print $1 (NR % 2 ? ",fear," : ",anger,") r '
        '",labelled,,1,1,no,,no,"}\') > faces/labels.$rater.csv; done',
    ),
    ("docs/results.md", "mien evaluate default"): ("mkdir -p docs/images",),
    ("docs/results.md", "mien compare mtcnn yunet"): (
        "mien train faster_rcnn_mobile --data wider_train5.zip --out runs/faster_rcnn_mobile",
    ),
    ("docs/results.md", "mien compare study/runs/"): (
        "mien study --data fer2013.zip --out study",
        "for run in knn mlp cnn_stack cnn3 default cnn_residual mobilenet mobilenet_v3 cnn "
        "efficientnet_b0 unet resnet18 convnext_tiny resnext50 resnet50 se_resnet18 vgg16 shipped; "
        "do cp -r study/runs/majority study/runs/$run; done",
    ),
    ("docs/results.md", "mien compare study-full/runs/"): (
        "for run in mobilenet resnet18 vgg16 shipped; "
        "do mkdir -p study-full/runs; cp -r study/runs/majority study-full/runs/$run; done",
    ),
    ("docs/study.md", "mien compare study/runs/cnn3"): (
        "cp -r study/runs/majority study/runs/cnn3",
        "cp -r study/runs/majority study/runs/default",
    ),
    ("docs/study.md", "mien compare default my.onnx"): (
        "cp -r study/runs/majority study/runs/resnet18",
    ),
}
"""A page and the first words of a command → what makes, before the first such command of the page,
what another page makes, or what a full study makes."""

SLOW = {
    "mien export runs/detector": "detector.onnx",
    "mien export runs/faces": "faces.onnx",
    "mien train convnext_tiny": None,
    "mien train efficientnet_b0": None,
    "mien train resnet50": None,
    "mien train resnext50": None,
    "mien train vgg16": None,
    "mien monitor simulate --seed 1 --persons 1000 --compare": None,
    "mien monitor simulate --seed 1 --persons 500 --compare": None,
    "python benchmarks/": None,
}
"""First words of commands that only ``pytest -m slow`` runs → the file that they write, which
another of its kind stands in for where they are left out."""
SLOW_PAGES = ("docs/evaluation.md", "docs/results.md", "docs/study.md", "docs/training.md")
"""Pages whose commands only ``pytest -m slow`` runs: together they take almost three minutes."""
SLOW_PROGRAMS = ("docs/detection_training.md",)
"""Pages whose programs only ``pytest -m slow`` runs: exporting a detector takes most of a minute.
"""

PROGRAM_NAMES = {
    "README.md": {"paths": ["photo.jpg"]},
    "docs/detection_training.md": {"picture": "photo.jpg"},
}
"""Names that the programs of a page use and that its reader has: paths of files."""

PROGRAM_CHANGES = {
    '["epochs=12"]': '["epochs=1", "limit=4", "batch_size=4", "view=96", "short_side=96", '
    '"long_side=160", "channels=16", "proposals=20", "box_samples=16"]',
    'values={"epochs": 2, "limit": 512}': 'values={"epochs": 1, "limit": 32, "batch_size": 16}',
    'values={"limit": 512, "epochs": 2}': 'values={"limit": 256, "epochs": 1}',
    "trials=8": "trials=2",
    '"rtsp://192.168.1.20/live", on_event=print, seconds=60': '"camera"',
    'recognizer.camera("rtsp://192.168.1.20/live", seconds=60)': 'recognizer.video("talk.mp4")',
    "from mien.media.camera.reader import": "from tests.support.still_camera import",
}
"""A part of a program → what takes its place here."""
