"""Modules of the page that need no page: queries as requests and addresses, strokes, meshes."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from opensearch.records import ScoreKind

WEB = Path(__file__).parents[2] / "opensearch" / "service" / "web"
CHECKS = """
import assert from "node:assert/strict";
import { address, asks, filter, parsed, quoted, request, score, settings } from "%(web)s/query.js";
import { Strokes } from "%(web)s/drawing.js";
import { mesh, rotation } from "%(web)s/viewer.js";

const parts = [
  { kind: "words", text: "red ~ chair~2 & so", weight: -0.5 },
  { kind: "item", key: "photo/椅子 +1.jpg", weight: 1 },
  { kind: "words", text: "a~3", weight: 2 },
];
const chosen = { category: ["stop sign", 'say "hi"'], year: [2001, true] };
const said = { targets: ["photo", "shape"], layout: "apart", where: "year > 3", chosen, least: 0 };
assert.deepEqual(parsed(address(parts, said, "a/b")), { parts, settings: said, opened: "a/b" });
assert.deepEqual(parsed(""), { parts: [], settings: settings(), opened: null });
assert.equal(address([], settings()), "/");
const odd = ["?is=x", "?is=1", "?is=[1,2]", "?words=", "?words=~2", "?item=a~0", "?to=&%%"];
odd.forEach(parsed);
assert.equal(parsed("?least=x").settings.least, null);

assert.equal(filter(settings()), "");
const both = { where: "a = 1 or b = 2", chosen: { c: ["x y"], d: [] } };
assert.equal(filter(both), '"c" in ("x y") and (a = 1 or b = 2)');
assert.equal(quoted('a"b\\'c'), `'a"bc'`);
assert.ok(!asks([{ weight: -1 }]) && asks([{ weight: -1 }, { weight: 1 }]));

const drawn = { kind: "drawing", weight: 1, blob: 1, name: "d.png" };
const { query, files } = request([...parts, drawn], said, { offset: 24 });
assert.deepEqual(files, [drawn]);
assert.deepEqual(query.parts[3], { kind: "file", file: 0, weight: 1, domain: "sketch" });
assert.deepEqual([query.offset, query.min_score, query.thumbnails], [24, 0, 0]);
assert.equal(request(parts, settings()).query.thumbnails, 18);
assert.ok(!("min_score" in request(parts, settings()).query));
assert.deepEqual(["", " ", "x", "2", "0", "-.5"].map(score), [null, null, null, null, 0, -0.5]);

const strokes = new Strokes();
assert.ok(strokes.empty);
strokes.undo();
strokes.begin(false);
strokes.add(1, 2, 3);
assert.ok(!strokes.empty);
strokes.clear();
assert.ok(strokes.empty);
strokes.undo();
assert.ok(!strokes.empty);
strokes.redo();
assert.ok(strokes.empty);
strokes.begin(true);
assert.equal(strokes.undone.length, 0);

const bytes = new ArrayBuffer(16 + 36 + 12);
new Uint32Array(bytes, 0, 4).set([3, 1, 2, 0]);
new Float32Array(bytes, 16, 9).set([0, 0, 1, 1, 0, 0, 0, 1, 0]);
new Uint32Array(bytes, 52, 3).set([0, 1, 2]);
const { spread, count } = mesh(bytes);
assert.equal(count, 3);
assert.deepEqual([...spread.slice(0, 3)], [0, 1, -0], "the axis z is up");
const [a, b, c, d, e, f, g, h, i] = rotation(0.7, -0.3);
const volume = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
assert.ok(Math.abs(volume - 1) < 1e-9, "a turn mirrors nothing");
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_modules_do_what_they_say(tmp_path):
    script = tmp_path / "checks.mjs"
    shutil.copytree(WEB, tmp_path / "web")
    (tmp_path / "package.json").write_text('{"type": "module"}')  # older ones cannot tell
    script.write_text(CHECKS % {"web": (tmp_path / "web").as_uri()}, encoding="utf-8")
    done = subprocess.run(["node", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", get_args(ScoreKind))
def test_every_kind_of_score_is_explained(kind):
    told = (WEB / "hits.js").read_text("utf-8").partition("function explained")[2]
    assert re.search(rf'^ +{kind}: "[^"]+",$', told.partition("??")[0], re.MULTILINE)
