"""The app as far as it runs: starts runs, shows them thinking, asks before it leaves them."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType

from spm_tui.bench.events import ItemAnswered
from spm_tui.bench.named_here import FILE, NamedHere
from spm_tui.bench.options import KEY, LANGUAGE_MODEL, RunOptions
from spm_tui.bench.repeating import options_of
from spm_tui.engine.remote.key import read_key
from spm_tui.methods.catalogue import MODEL_OF
from spm_tui.tui import session
from spm_tui.tui.arriving_app import ArrivingApp
from spm_tui.tui.config import Config
from spm_tui.tui.job import Job, JobChanged, JobItems
from spm_tui.tui.jobs import COMMAND, JobQueue
from spm_tui.tui.messages import JobTold
from spm_tui.tui.screens.browse import BrowseScreen
from spm_tui.tui.screens.storing import StoringScreen
from store import benchmarks
from store.connection import Store
from store.records import BenchmarkRow, Prediction

if TYPE_CHECKING:
    from spm_tui.bench.estimate import Estimate
    from spm_tui.tui.elsewhere import OtherRun
    from spm_tui.tui.screens.run_form import BenchmarkChoice


class RunningApp(ArrivingApp):
    """An app over one store that starts runs on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run_this", "Run this scenario", show=False, id="app.run_scenario"),
        Binding("R", "run_form", "Run", id="app.run"),
        Binding("J", "jobs", "Runs: cancel, resume", show=False, id="app.jobs"),
    ]

    def __init__(
        self, store: Store, *, config: Config, folder: Path, command: Sequence[str] = COMMAND
    ) -> None:
        super().__init__(store, config=config, folder=folder)
        insecure = ("--insecure-key",) if config.insecure_key else ()
        self.queue = JobQueue(
            (*(config.command or command), *insecure),
            store=self.store.path,
            logs=self.folder / "logs",
            tell=lambda told: self.post_message(JobTold(told)),
        )
        models = [config.model] if config.model else []
        self._named = NamedHere(self.folder / FILE, models=models)
        self._followed: int | None = None
        """The job whose run is opened as soon as it has one."""
        self._addresses: tuple[str, ...] = ()
        """Of servers, as the last run that had any was told."""

    def on_mount(self) -> None:
        """Be ready for the terminal to go away, unless that is to be ignored (`nohup`)."""
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._hung_up)

    def _hung_up(self) -> None:
        """Remember all and end as a hang-up ends any program; what runs goes on."""
        self.remember()
        self.queue.leave()
        for screen in self.screen_stack:
            if isinstance(screen, StoringScreen):
                screen.store_now()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGHUP)

    def on_unmount(self) -> None:
        """Leave what runs to itself; whoever wanted it stopped has been asked before."""
        self.queue.leave()

    # starting

    def action_run_this(self) -> None:
        """Run the scenario at hand, as the run that is open."""
        desk = self.desk
        if desk is None or desk.index is None:
            return
        run, scenario = desk.opened.run, desk.index + 1
        if run is None or run.spec.method not in MODEL_OF:
            self.action_run_form(scenario=scenario)
            return
        options = replace(options_of(run), scenario=(scenario,))
        if self._named.missing(options):  # the run may be anybody's
            self.action_run_form(scenario=scenario)
        else:
            self.notify(f"running scenario {scenario} again, as run {run.number}")
            self.submit(options)

    def action_run_form(self, scenario: int | None = None) -> None:
        """Put a run together."""
        from spm_tui.tui.known_models import known_models
        from spm_tui.tui.screens.run_form import RunForm

        choices = self._choices()
        if not choices:
            self.notify("nothing can be run before a benchmark is here", severity="warning")
            return
        start = replace(self._initial(), scenario=(scenario,) if scenario else ())
        form = RunForm(
            choices,
            known_models(),
            self._estimate,
            initial=start,
            addresses=self._addresses,
            missing=self._named.missing,
            key=read_key(os.environ, KEY, unencrypted=self.config.insecure_key),
        )
        self.push_screen(form, self._start)

    def _start(self, wanted: RunOptions | None) -> None:
        """Start what the form was left with: all that it shows is a person's word from here on."""
        if wanted:
            self._named.add(wanted)
            self.submit(wanted)

    def _choices(self) -> list["BenchmarkChoice"]:
        from spm_tui.tui.screens.run_form import BenchmarkChoice

        labels = session.called(self.contents.benchmarks)
        return [
            BenchmarkChoice(
                key=_key(row, labels),
                label=labels[row.identity],
                attributes=self.contents.attributes[row.identity],
                saved=self.contents.saved.get(row.identity, ()),
            )
            for row in self.contents.benchmarks
        ]

    def _initial(self) -> RunOptions:
        """What the form starts with: the run at hand, or the benchmark."""
        desk, labels = self.desk, session.called(self.contents.benchmarks)
        fresh = RunOptions(model=self.config.model or LANGUAGE_MODEL)
        if desk is None:
            return replace(fresh, benchmark=_key(self.contents.benchmarks[0], labels))
        run, benchmark = desk.opened.run, desk.opened.benchmark
        options = options_of(run) if run else replace(fresh, split=desk.opened.split)
        return replace(options, benchmark=_key(benchmark, labels))

    def _estimate(self, options: RunOptions) -> "Estimate":
        """Say what a run would take; in a worker's thread."""
        from spm_tui.bench.estimate import estimate, measured_costs
        from spm_tui.bench.target_sets import members, read_sets

        with self.store.reading() as db:
            identity = benchmarks.find(db, options.benchmark).identity
            benchmark = benchmarks.load(db, identity)
            costs = measured_costs(db, identity, options)
        wanted = options.attributes
        attributes = [a for a in benchmark.attributes if not wanted or a.name in wanted]
        sets = read_sets(self.store, identity, attributes, options.targets, options.target)
        return estimate(benchmark, options, measured=costs, targets=members(sets))

    def submit(self, options: RunOptions) -> None:
        """Queue a run; its tables go where none of the person's own can be overwritten.

        What has no effect on a server is left out: it may come from a run on this machine.
        """
        self._addresses = options.url or self._addresses
        options = replace(options, **options.without_effect())
        if options.out is None:
            options = replace(options, out=str(self.folder / "results" / options.benchmark))
        job = self.queue.submit(options)
        self._followed = job.number

    def action_jobs(self) -> None:
        """Show the runs started here, and others that go on."""
        from spm_tui.tui.elsewhere import others
        from spm_tui.tui.screens.jobs import JobsScreen

        def found() -> list["OtherRun"]:
            mine = {job.run for job in self.queue.jobs if job.state == "running"}
            return others(self.contents, mine)

        self.push_screen(JobsScreen(self.queue, found))

    # hearing

    @on(JobTold)
    def _told(self, message: JobTold) -> None:
        match message.told:
            case JobChanged(job):
                self._job_changed(job)
            case JobItems(_, items):
                self._think(items)

    def _job_changed(self, job: Job) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, BrowseScreen):
                screen.show_job(self.queue.running or job, waiting=self.queue.waiting)
        if job.run is not None and job.number == self._followed:
            self._followed = None
            if self._open_run() != job.run:
                self.open(f"run:{job.run}")
        if job.state == "failed":
            where = f"\nlog: {job.log}" if job.log else ""
            problem = f"{job.title}: {job.error}{where}"
            self.notify(problem, severity="error", markup=False, timeout=15)

    def _open_run(self) -> int | None:
        """The number of the run at hand."""
        run = self.desk.opened.run if self.desk else None
        return run.number if run else None

    def _think(self, items: Sequence[ItemAnswered]) -> None:
        """Show answers as they come, before they are stored."""
        desk, open_run = self.desk, self._open_run()
        if desk is None or open_run is None:
            return
        mine = [item for item in items if item.run == open_run]
        answers = by_position(mine, desk.opened.names)
        for screen in self.screen_stack:
            if isinstance(screen, BrowseScreen):
                screen.think(answers)

    # leaving

    async def action_quit(self) -> None:
        """Quit, or ask what becomes of the run that goes on."""
        from spm_tui.tui.screens.leave import Leave

        job = self.queue.running
        if job is None:
            self.exit()
        else:
            self.push_screen(Leave(job, waiting=self.queue.waiting), self._leave)

    def _leave(self, answer: Literal["leave", "stop", "stay"] | None) -> None:
        if answer == "stop" and (job := self.queue.running):
            self.queue.cancel(job)
        if answer in ("leave", "stop"):
            self.exit()


def _key(row: BenchmarkRow, labels: Mapping[str, str]) -> str:
    """What `--benchmark` finds a benchmark by: its name, unless another has it, too."""
    return row.name if labels.get(row.identity, row.name) == row.name else row.identity[:12]


def by_position(
    items: Sequence[ItemAnswered], names: Sequence[str]
) -> Mapping[int, list[Prediction]]:
    """Return what answers predict, by the scenario's position in its split."""
    found: dict[int, list[Prediction]] = {}
    for item in items:
        if not item.attribute:  # a choice is seen when it has been stored
            continue
        attribute = names.index(item.attribute)
        found.setdefault(item.scenario - 1, []).extend(
            Prediction(item.scenario, attribute, item.sample, j.response, j.score, j.reasoning)
            for j in item.judgements
        )
    return found
