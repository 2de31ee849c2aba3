"""A grid of settings: what is measured, what is best, and how it is told."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from bgsub.config.segmentation import SegmentationConfig
from bgsub.segmentation.html import Html, page, tag
from bgsub.segmentation.scores import psnr_db, score_labels, score_regions
from bgsub.segmentation.segment import add_noise, segment
from bgsub.segmentation.study import Grid, Measures, StudyRow, Subject, run_task, tasks
from bgsub.segmentation.study_plots import shown_measures
from bgsub.segmentation.study_report import draw_figures, report
from bgsub.segmentation.study_summary import as_csv, as_record, summarise
from tests.segmentation._pictures import colour, grey, stripes

BASE = SegmentationConfig(n_components=3)
ROW = Measures(
    n_components=3,
    log_likelihood=-5.0,
    bic=100.0,
    aic=90.0,
    iterations=10,
    seconds=0.5,
    adjusted_rand_index=0.9,
    accuracy=0.95,
    psnr_db=20.0,
    covering=0.5,
    rand_index=0.8,
    variation_of_information=2.0,
    n_regions=3,
)


def _run(grid: Grid, subject: Subject) -> list[StudyRow]:
    return [row for task in tasks(grid) for row in run_task(grid, task, subject)]


def _subject(picture: Any, name: str = "stripes") -> Subject:
    return Subject(name=name, picture=picture, truths=(stripes(),))


def test_a_grid_has_every_combination_once():
    grid = Grid(base=BASE, varied={"n_components": (2, 3), "tol": (1e-2, 1e-4, 0.0)})
    points = list(grid.points())
    assert len(grid) == len(points) == 6
    assert points[1] == {"n_components": 2, "tol": 1e-4}
    assert grid.settings(points[5]) == SegmentationConfig(n_components=3, tol=0.0)


def test_noise_and_smoothing_share_the_labels_they_are_judged_by():
    grid = Grid(
        base=BASE,
        varied={"n_components": (2, 3), "noise_sigma": (0.0, 9.0), "smoothing": (1.0,)},
    )
    found = tasks(grid)
    assert [len(task.points) for task in found] == [2, 2]
    assert {(t.reference.noise_sigma, t.reference.smoothing) for t in found} == {(0.0, 0.0)}


def test_measures_are_those_of_the_segmentation():
    picture = colour()
    grid = Grid(base=BASE, varied={"noise_sigma": (20.0,)})
    (row,) = _run(grid, _subject(picture))
    found = segment(
        add_noise(picture, 20.0, BASE.seed), BASE.model_copy(update={"noise_sigma": 20.0})
    )
    measures = row.measures
    assert measures is not None
    labels = score_labels(found.labels, segment(picture, BASE).labels)
    regions = score_regions(found.labels, [stripes()])
    assert measures.adjusted_rand_index == labels.adjusted_rand_index
    assert measures.accuracy == labels.accuracy
    assert measures.psnr_db == psnr_db(found.recoloured, picture, max_value=255)
    assert measures.covering == regions.covering
    assert measures.n_regions == regions.n_regions
    assert (measures.bic, measures.iterations) == (found.bic, found.iterations)
    assert measures.log_likelihood == pytest.approx(found.curve[0].log_likelihood)


def test_without_noise_and_smoothing_the_labels_are_their_own_reference():
    rows = _run(Grid(base=BASE, varied={"n_components": (2, 3)}), _subject(grey()))
    assert [row.measures and row.measures.adjusted_rand_index for row in rows] == [1.0, 1.0]


def test_sixteen_bits_have_a_peak_of_their_own():
    eight, sixteen = grey(), grey().astype(np.uint16) * 257
    grid = Grid(base=BASE, varied={"n_components": (3,)})
    first, second = (_run(grid, _subject(p))[0].measures for p in (eight, sixteen))
    assert first is not None
    assert second is not None
    assert first.psnr_db == pytest.approx(second.psnr_db, abs=0.1)


def test_what_cannot_be_done_is_said_and_the_rest_is_done():
    two = (stripes() // 2 * 200).astype(np.uint8)
    rows = _run(Grid(base=BASE, varied={"n_components": (2, 3, 1)}), _subject(two))
    assert [row.measures is None for row in rows] == [False, True, False]
    assert "2 distinct values" in rows[1].problem


def _rows(table: dict[str, list[float]]) -> list[StudyRow]:
    """Covering by picture and K."""
    return [
        StudyRow(
            picture=picture,
            values={"n_components": 2 + number},
            measures=replace(ROW, covering=value, bic=value),
        )
        for picture, values in table.items()
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize("key", ["features", "noise_sigma"])
def test_likelihoods_of_different_numbers_are_not_compared(key: str):
    values: dict[str, tuple[object, ...]] = {
        "features": ("rgb", "lab"),
        "noise_sigma": (0.0, 9.0),
    }
    rows = [StudyRow(picture="a", values={key: value}, measures=ROW) for value in values[key]]
    best = summarise(Grid(base=BASE, varied={key: values[key]}), rows).best
    assert not best.keys() & {"log_likelihood", "bic", "aic"}
    assert "psnr_db" in best


def test_time_is_the_segmentations_own_however_busy_the_machine():
    grid = Grid(base=BASE, varied={"n_components": (2,)})
    subject = _subject(colour())
    _run(grid, subject)
    began_s = time.process_time()
    (row,) = _run(grid, subject)
    spent_s = time.process_time() - began_s
    assert row.measures is not None
    assert 0 < row.measures.seconds <= spent_s


def test_best_is_the_best_mean_and_each_pictures_own_best():
    grid = Grid(base=BASE, varied={"n_components": (2, 3, 4)})
    rows = _rows({"a": [0.1, 0.5, 0.3], "b": [0.8, 0.6, 0.2]})
    summary = summarise(grid, list(reversed(rows)))
    best = summary.best["covering"]
    assert best.values == {"n_components": 3}
    assert best.fixed == pytest.approx(0.55)
    assert best.each == pytest.approx((0.5 + 0.8) / 2)
    assert summary.best["bic"].fixed == pytest.approx(0.25)
    assert summary.best["bic"].each == pytest.approx((0.1 + 0.2) / 2)
    assert "iterations" not in summary.best
    assert [m.covering for _, m in summary.means] == pytest.approx([0.45, 0.55, 0.25])
    assert [row.picture for row in summary.rows] == ["b"] * 3 + ["a"] * 3
    assert shown_measures(summary) == ["bic", "covering"]


def test_a_combination_that_a_picture_lacks_has_no_mean():
    grid = Grid(base=BASE, varied={"n_components": (2, 3)})
    rows = _rows({"a": [0.1, 0.5], "b": [0.8]})
    assert [values for values, _ in summarise(grid, rows).means] == [{"n_components": 2}]


def test_a_measure_without_truth_stays_empty():
    rows = [replace(row, measures=replace(ROW, covering=None)) for row in _rows({"a": [0.1]})]
    summary = summarise(Grid(base=BASE, varied={"n_components": (2,)}), rows)
    assert "covering" not in summary.best
    assert summary.means[0][1].covering is None


def test_numbers_for_machines_are_whole():
    grid = Grid(base=BASE, varied={"n_components": (2, None)})
    problem = StudyRow(
        picture="a, b", values={"n_components": None}, measures=None, problem="why"
    )
    summary = summarise(grid, [replace(_rows({"a, b": [0.25]})[0]), problem])
    first, second = csv.DictReader(io.StringIO(as_csv(summary)))
    assert (first["picture"], first["n_components"], first["covering"]) == ("a, b", "2", "0.25")
    assert (second["n_components"], second["covering"]) == ("auto", "")
    assert second["problem"] == "why"
    record = json.loads(json.dumps(as_record(summary)))
    assert record["varied"] == {"n_components": [2, None]}
    assert record["rows"][0]["covering"] == 0.25
    assert record["rows"][1]["problem"] == "why"
    assert "n_components" not in record["settings"]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_holds_everything_and_no_name_becomes_markup():
    name = '<script>alert("x")</script> & "co"'
    grid = Grid(base=BASE, varied={"n_components": (2, 3), "init": ("range", "kmeans")})
    rows = [r for n in (name, "b") for r in _run(grid, _subject(grey(), n))]
    summary = summarise(grid, rows)
    figures = draw_figures(summary)
    assert set(figures) == {
        "effect-n_components.png",
        "effect-init.png",
        "sheet.png",
        "pictures.png",
    }
    reader = _Reader()
    text = report(summary, figures)
    reader.feed(text)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert name in reader.text
    sources = [attrs["src"] for tag, attrs in reader.tags if tag == "img"]
    assert len(sources) == 4
    assert all(str(source).startswith("data:image/png;base64,") for source in sources)
    assert "http" not in text.replace("data:image", "")[:2000]
    assert "kmeans" in reader.text


def test_a_study_of_one_setting_has_a_report_without_effects():
    grid = Grid(base=BASE, varied={"n_components": (3,)})
    summary = summarise(grid, _run(grid, _subject(grey())))
    figures = draw_figures(summary)
    assert set(figures) == {"sheet.png"}
    assert "Every result" in report(summary, figures)


def test_a_report_of_failures_says_why():
    grid = Grid(base=BASE, varied={"n_components": (4, 5)})
    flat = np.zeros((6, 8), np.uint8)
    summary = summarise(grid, _run(grid, _subject(flat)))
    assert draw_figures(summary) == {}
    assert "one distinct value" in report(summary, {})


def test_text_is_escaped_and_markup_is_not():
    inner = tag("b", "a < b")
    assert tag("p", "x & ", inner, class_='"q"') == (
        '<p class="&quot;q&quot;">x &amp; <b>a &lt; b</b>\n</p>\n'
    )
    assert page("T", Html("<hr>")).startswith("<!DOCTYPE html>")
