"""`python -m bench`: build the fleets that are missing, measure every budget, print one table."""

from __future__ import annotations

import sys

import click

from bench import commands, facts, far, imports, large_imports, other_apps, screens, start_up
from bench import history as sets_of_one
from bench.budgets import Result, noted, print_table
from bench.fleet import FleetShape
from bench.keeping import ENGINES, Keeper, Kept
from bench.timing import how_quiet

_PARTS = ("facts", "history", "far", "commands", "start", "screens", "imports")


class Numbers(click.ParamType[tuple[int, ...]]):
    """Numbers with commas between them."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        try:
            return tuple(sorted(int(number) for number in str(value).split(",")))
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers: write 1000,10000", param, ctx)


@click.command()
@click.option("--tenants", type=Numbers(), default="10000", show_default=True, help="Sizes of fleets, as 1000,10000.")
@click.option("--history", default=30, show_default=True, help="Sets per tenant; ten times as many for that budget.")
@click.option("--item-sets", default=3, show_default=True, help="How many of a tenant's newest sets have items.")
@click.option("--full", is_flag=True, help="100 items in ten sets of each tenant: 10 million for 10,000 tenants.")
@click.option("--engine", "engines", type=click.Choice(ENGINES), multiple=True, help="Only this engine.")
@click.option("--only", "parts", type=click.Choice(_PARTS), multiple=True, help="Only these budgets.")
@click.option("--rounds", default=11, show_default=True, help="How often each measurement runs in turn with its floor.")
@click.option("--beside", is_flag=True, help="Install two other public Textual apps, and show their figures too.")
@click.option("--no-long-history", is_flag=True, help="Leave out ten times the history, the slowest to build.")
def bench(
    tenants: tuple[int, ...],
    history: int,
    item_sets: int,
    full: bool,
    engines: tuple[str, ...],
    parts: tuple[str, ...],
    rounds: int,
    beside: bool,
    no_long_history: bool,
) -> None:
    """Measure the budgets of docs/budgets.md on SQLite and PostgreSQL. Exit status 1 means that a budget is missed."""
    item_sets = 10 if full else item_sets
    shapes = [FleetShape(number, history, item_sets) for number in tenants]
    longer = None if no_long_history else FleetShape(tenants[0], 10 * history, item_sets)
    chosen_engines, chosen = engines or ENGINES, parts or _PARTS
    keeper = Keeper(chosen_engines)
    results: list[Result] = []
    for number, engine in enumerate(chosen_engines):
        fleets = [Kept(engine, shape, keeper.url(engine, shape)) for shape in shapes]
        last = fleets[-1]
        if "facts" in chosen:
            results.extend(noted(facts.measure(keeper, engine, shapes, longer, rounds)))
        if "history" in chosen:
            with keeper.empty(engine) as empty_url:
                results.extend(noted(sets_of_one.measure(engine, empty_url, rounds)))
        if "far" in chosen and engine == "postgresql":
            results.extend(noted(far.measure(last)))
        if "commands" in chosen:
            results.extend(noted(commands.measure(fleets, rounds)))
        if "start" in chosen:
            results.extend(noted(start_up.measure(fleets, rounds, engine_only=number > 0)))
        if "screens" in chosen:
            results.extend(noted(screens.measure(last, keys=screens.ROUND * rounds, engine_only=number > 0)))
        if "imports" in chosen:
            for measured in (imports.measure, large_imports.history, large_imports.facts):
                with keeper.empty(engine) as empty_url:
                    results.extend(noted(measured(engine, empty_url)))
    if beside:
        results.extend(noted(other_apps.measure(rounds)))
    click.echo(f"{', '.join(shape.words for shape in shapes)}; medians of {rounds} runs in turn with their floors.\n")
    kept = print_table(results)
    click.echo(f"\n{how_quiet()}")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    bench()
