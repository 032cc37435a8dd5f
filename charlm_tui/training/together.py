"""A run by several processes: one plan for all, and what each of them does of it.

The first one does what a run alone does, files and lines included; each of the others trains its
part of every batch and writes nothing. Imports Keras.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from rich.console import Console

import charlm_tui
from charlm_tui.errors import INTERRUPTED, CharlmError
from charlm_tui.files import read_file
from charlm_tui.runs.requests import from_line, to_line
from charlm_tui.text import show
from charlm_tui.training.checkpoint import checkpoint_path, read_checkpoint
from charlm_tui.training.hosts import check_batch
from charlm_tui.training.places import out_path
from charlm_tui.training.plan import Plan, make_plan
from charlm_tui.training.steering import Change

# One that hushes what the backend says of itself while it loads, so it goes first.
from charlm_tui.training.run import TrainingRun  # isort: skip
from charlm_tui.training.card import TRAINING_PACKAGES, library_versions
from charlm_tui.training.cluster import Cluster
from charlm_tui.training.company import Company
from charlm_tui.training.measuring import measure
from charlm_tui.training.run_log import Reporters
from charlm_tui.training.steering import Steering
from charlm_tui.training.train import train

MOST_CHECKPOINT_BYTES = 2**32
COMPARED = (*TRAINING_PACKAGES, "jaxlib")


def train_together(
    console: Console, company: Company, chosen: Mapping[str, Any], places: Mapping[str, Any]
) -> int:
    """Train as one of several processes, or on several devices; return the exit code.

    Args:
        console: where to report the run.
        company: those that train together, who have found each other.
        chosen: as `make_plan` takes it.
        places: the other arguments of `make_plan`.

    Raises:
        HostsError: they are not about to train the same, or one of them is gone.
        CharlmError: as a run alone does.
    """
    if not isinstance(company, Cluster):
        with _planned(make_plan(chosen, **places)) as plan:
            check_batch(plan.recipe.batch, company.devices)
            plan.show_corpus(console)
            return TrainingRun(console, plan, company).run()
    with _planned(_plan(company, chosen, places)) as plan, company.watched():
        if company.is_first:
            plan.show_corpus(console)
            code = TrainingRun(console, plan, company).run()
        else:
            code = _assist(console, plan, company)
        company.leave()
        return code


@contextlib.contextmanager
def _planned(plan: Plan) -> Iterator[Plan]:
    """Yield a plan, and release its claim on the model file at the end."""
    try:
        yield plan
    finally:
        if plan.claim is not None:
            plan.claim.release()


def _plan(company: Cluster, chosen: Mapping[str, Any], places: Mapping[str, Any]) -> Plan:
    """Return the plan that all processes have.

    Raises:
        HostsError: one of them cannot begin, or has another one.
    """
    plan: Plan | None = None
    facts: dict[str, Any] | None = None
    fault = ""
    content = None
    try:
        if places.get("resume") and company.is_first:  # the others may not see the file
            path = checkpoint_path(out_path(places.get("corpus", ()), places.get("out")))
            read_checkpoint(path)  # says in one sentence what is wrong with it
            content = read_file(path, MOST_CHECKPOINT_BYTES, "start over with --restart")
    except CharlmError as error:
        fault = str(error)
    told = company.tell(content or b"")
    if places.get("resume") and not fault:
        content = told or None
    try:
        if not fault:
            plan = make_plan(chosen, **places, writes=company.is_first, checkpoint_content=content)
            check_batch(plan.recipe.batch, company.devices)
            facts = _facts(plan)
    except CharlmError as error:
        fault = str(error)
    try:
        company.check_same(facts, fault)
    except BaseException:
        if plan is not None and plan.claim is not None:
            plan.claim.release()
        raise
    assert plan is not None
    lines = [[it.epoch, it.batch, to_line(it.request)] for it in plan.changes]
    changes = [
        Change(epoch, batch, request)
        for epoch, batch, line in company.tell_all(lines)[0]
        if (request := from_line(line.encode())) is not None
    ]
    return replace(plan, changes=changes)


def _facts(plan: Plan) -> dict[str, Any]:
    """Return what decides a run, by the words that a person has for it."""
    found = library_versions(COMPARED)
    return {
        "charlm-tui": charlm_tui.__version__,
        **found,
        "text of sha256": plan.corpus.sha256,
        "case": plan.corpus.vocabulary.case,
        "min-count": plan.min_count,
        "rng-seed": plan.rng_seed,
        "time": plan.budget_s,
        **{name.replace("_", "-"): value for name, value in asdict(plan.recipe).items()},
        "epochs so far": 0 if plan.snapshot is None else len(plan.snapshot.epochs),
    }


def _assist(console: Console, plan: Plan, company: Cluster) -> int:
    """Train this one's part of each batch, and write nothing; return the exit code."""
    recipe = plan.recipe
    show(
        console,
        f"{company.name(company.rank)} trains its part of each batch; {company.name(0)} tells of "
        "the run and writes its files",
    )
    steering = Steering(company.requests(tuple), plan.changes)
    run = train(
        plan.corpus,
        recipe,
        plan.rng_seed,
        Reporters(),
        budget_s=plan.budget_s,
        resumed=plan.snapshot,
        steering=steering,
        company=company,
    )
    if run.interrupted:
        return INTERRUPTED
    measure(run.network, plan.corpus.held_out, recipe.window, run.costs.end_step)
    return 0
