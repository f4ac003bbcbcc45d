"""report: results as lines, as Markdown tables, and as a picture."""

import json
from pathlib import Path
from typing import Any

from benchmarks.contestants import OURS

Result = dict[str, Any]


def format_rate(rate: float, unit: str) -> str:
    """Of samples, calls or runs a second, in the unit of the task."""
    if unit == "us/call":
        return f"{1e6 / rate:.2f} us"
    if unit == "s":
        return f"{1 / rate:.2f} s"
    return f"{rate:,.0f}/s"


def describe_machine(machine: dict[str, Any]) -> str:
    return (
        f"{machine['cpu']}, {machine['isa']}, {machine['usable_cores']} cores, {machine['threads']} threads; "
        f"float32 peak {machine['peak_gflops']:.0f} GFLOP/s, memory {machine['bandwidth_gb_per_second']:.0f} GB/s; "
        f"Python {machine['python']}; {machine['date'][:10]}"
    )


def print_result(result: Result) -> None:
    print(f"{result['task']}: {describe_machine(result['machine'])}, load {result['machine']['load_average']}")
    for name, row in result["rivals"].items():
        rate = f"{format_rate(row['rate'], result['unit']):>14}"
        share = f"{row['share_of_peak']:4.0%} of peak" if row["share_of_peak"] else ""
        ratio = "" if name == OURS else f"  nnfast is {row['nnfast_is_faster_by']:.2f} times as fast"
        accuracy = f"  accuracy {row['accuracies']}" if "accuracies" in row else ""
        print(f"  {name:16} {rate}  {share}{ratio}{accuracy}  ({row['system']})")
    if result["ratio_to_best"] is not None:
        print(f"  to the best other: {result['ratio_to_best']:.2f}")
    for name, reason in result["left_out"].items():
        print(f"  without {name}: {reason}")


def make_markdown(results: list[Result]) -> str:
    """One table: a row a task, a column a system."""
    systems = find_systems(results)
    lines = [describe_machine(results[0]["machine"]) + ".", ""]
    lines += [f"- {name}: {system}" for name, system in systems.items()]
    lines += ["", f"| task | {' | '.join(systems)} | nnfast / best other | share of peak |"]
    lines.append("|---" * (len(systems) + 3) + "|")
    for result in results:
        rivals, ratio = result["rivals"], result["ratio_to_best"]
        cells = [format_rate(rivals[name]["rate"], result["unit"]) if name in rivals else "" for name in systems]
        share = rivals[OURS]["share_of_peak"]
        cells += [f"{ratio:.2f}" if ratio else "", f"{share:.0%}" if share else ""]
        lines.append(f"| `{result['task']}` | {' | '.join(cells)} |")
    accuracies = [
        f"- {name}: {', '.join(f'{value:.4f}' for value in row['accuracies'])}; "
        f"{row['share_that_reached_98']:.0%} of the runs reached 98.0 %"
        for result in results
        for name, row in result["rivals"].items()
        if "accuracies" in row
    ]
    if accuracies:
        lines += ["", "Accuracies of `mnist98`, a run a seed:", "", *accuracies]
    return "\n".join(lines) + "\n"


def write_files(results: list[Result], output: Path | None, markdown: Path | None, chart: Path | None) -> None:
    """After every task, so that a run that is stopped leaves what it has found."""
    if output:
        output.write_text(json.dumps(results, indent=2) + "\n")
    if markdown:
        markdown.write_text(make_markdown(results))
    if chart:
        draw_chart(results, chart)


def find_systems(results: list[Result]) -> dict[str, str]:
    return {name: row["system"] for result in results for name, row in result["rivals"].items()}


def draw_chart(results: list[Result], path: Path) -> None:
    """Every system's speed at every task, relative to nnfast's in the same turns."""
    from matplotlib.figure import Figure

    systems = [name for name in find_systems(results) if name != OURS]
    figure = Figure(figsize=(9, 1.6 + 0.36 * len(results)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(1, color="black", linewidth=2.5, label=OURS)
    for i, system in enumerate(systems):
        points = [
            (1 / result["rivals"][system]["nnfast_is_faster_by"], row)
            for row, result in enumerate(results)
            if system in result["rivals"]
        ]
        marker = "osD^vP*X"[i % 8]
        axes.scatter(*zip(*points, strict=True), label=system, marker=marker, s=45, color=f"C{i}", zorder=3, alpha=0.85)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.xaxis.set_minor_formatter(lambda x, _: f"{x:g}" if f"{x:e}"[0] in "235" else "")
    axes.set_yticks(range(len(results)), [describe_row(result) for result in results])
    axes.set_ylim(len(results) - 0.5, -0.5)
    axes.grid(axis="both", alpha=0.3)
    axes.set_xlabel("speed, relative to nnfast (right is faster)")
    machine = results[0]["machine"]
    axes.set_title(f"{machine['cpu']}, {machine['isa']}, {machine['threads']} threads", fontsize="medium")
    figure.legend(loc="outside lower center", ncols=min(4, len(systems) + 1), frameon=False)
    figure.savefig(path, dpi=150)


def describe_row(result: Result) -> str:
    return f"{result['task']}  {format_rate(result['rivals'][OURS]['rate'], result['unit'])}"
