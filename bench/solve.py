"""solve.py - the driver of bench/solve, bench/sample and bench/nn: starts a row's rivals, lets them take turns, prints what came out.

A rival is a process that speaks the protocol of kernels.c: "ready NAME", then "SECONDS CHECK [NOTE]" for each line it
reads. It needs nothing but Python's own library."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS, SOLVENT = os.environ["TOOLS"], os.environ["SOLVENT"]
ROUNDS = int(os.environ.get("ROUNDS", 5))
REST = float(os.environ.get("REST", 0))  # seconds before each round: threads of whoever ran before may still watch for work
ROWS = os.environ.get("ROWS", "solve.rows")
OURS = os.environ.get("OURS", "kernels")  # our side of a row, one of TOOLS
PEERS = os.environ.get("PEERS", "peers.py")


class Rival:
    """One process; seconds has its rounds, absent why there are none."""

    def __init__(self, command):
        self.seconds, self.check, self.note, self.absent = [], None, "", None
        if not command or not shutil.which(command[0]):
            self.process, self.absent = None, "not installed"
            return
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.PIPE if "-v" not in sys.argv else None)
        word, _, self.name = self.process.stdout.readline().rstrip().partition(" ")
        if word != "ready":
            self.absent = "not installed"

    def round(self):
        time.sleep(REST)
        try:
            print(file=self.process.stdin, flush=True)
            seconds, self.check, *note = self.process.stdout.readline().split()
            self.seconds.append(float(seconds))
            self.note = " ".join(note)
        except (BrokenPipeError, ValueError):
            self.absent = "gave up"

    def best(self):
        return min(self.seconds)

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def ours(case, file):
    if not case.startswith("http-"):
        return [f"{TOOLS}/{OURS}", case, file]
    port = free_port()
    return [TOOLS + "/http_post", case, port, SOLVENT, "serve", "--listen", "127.0.0.1:" + port, "--log", "off"]


def peer(name, case, file):
    if name == "vqsort":
        return [TOOLS + "/vqsort", case, file]
    if name == "delaunator":
        return ["node", HERE + "/peers.mjs", case, file]
    if name == "fastapi":
        port = free_port()
        return [TOOLS + "/http_post", case, port, sys.executable, "-m", "uvicorn", "--app-dir", HERE, "--port", port,
                "--log-level", "error", "peers:app"]
    return [sys.executable, f"{HERE}/{PEERS}", name, case, file]


def line(row, *cells):
    print(f"{row:40}", *(f"{cell:>{width}}" for cell, width in zip(cells, (11, 11, 8, 9, 0))), flush=True)


def ms(seconds):
    return f"{1e3 * seconds:.2f} ms" if seconds < 10 else f"{seconds:.1f} s"


def verdict(met):
    return "met" if met else "MISSED"


class Report:
    def __init__(self):
        self.best, self.sums, self.skipped, self.missed = {}, {}, {}, 0

    def count(self, met):
        self.missed += not met
        return verdict(met)

    def own_target(self, case, kind, target, us):
        """Targets that need no peer."""
        if kind == "under":
            line("  " + case, ms(us.best()), "", "", "< " + ms(float(target)), self.count(us.best() < float(target)))
        elif kind == "share":
            share = float(us.check) / us.best()
            line("  " + case, ms(us.best()), ms(float(us.check)), f"{share:.2f}", ">= " + target,
                 self.count(share >= float(target)))
        elif kind == "rate":
            rate = float(us.check) / us.best()
            line("  " + case, ms(us.best()), f"{rate:.3g}/s", "", target + "/s", self.count(rate >= float(target)))
        else:
            times, other = target.split(":")
            if other in self.best:
                ratio = us.best() / self.best[other]
                line(f"  of {other}", ms(us.best()), ms(self.best[other]), f"{ratio:.2f}x", f"<= {times}x",
                     self.count(ratio <= float(times)))

    def beside(self, name, target, us, them):
        ratio = them.best() / us.best()
        in_sum = name == "ortools"
        met = "in the sum" if in_sum else self.count(ratio >= float(target))
        note = "; ".join(f"{who}: {r.note}" for who, r in (("ours", us), (name, them)) if r.note)
        if us.check != them.check:
            note += f"{'; ' if note else ''}answers: {us.check}, {them.check}"
        line(f"  {us.name} / {them.name}", ms(us.best()), ms(them.best()), f"{ratio:.2f}x", f">= {target}x",
             met + (f"  ({note})" if note else ""))
        if in_sum:
            a, b, n = self.sums.get((name, target), (0, 0, 0))
            self.sums[name, target] = (a + us.best(), b + them.best(), n + 1)

    def row(self, case, targets, file):
        us = Rival(ours(case, file))
        peers = {n: Rival(peer(n, case, file)) for n, _ in targets if n not in ("under", "rate", "share", "within")}
        for _ in range(1 if case.startswith("knapsack") else ROUNDS):
            for rival in (us, *peers.values()):
                if not rival.absent:
                    rival.round()
        if us.absent:
            line("  " + case, "failed", "", "", "", self.count(False))
        for name, target in targets:
            if us.absent:
                break
            self.best[case] = us.best()
            if name not in peers:
                self.own_target(case, name, target, us)
            elif peers[name].absent:
                self.skipped[name] = peers[name].absent
                line("  " + case, ms(us.best()), f"no {name}")
            else:
                self.beside(name, target, us, peers[name])
        for rival in (us, *peers.values()):
            rival.close()

    def end(self):
        for (name, target), (a, b, n) in self.sums.items():
            line(f"  {n} knapsacks / {name}, in all", ms(a), ms(b), f"{b / a:.2f}x", f">= {target}x",
                 self.count(b / a >= float(target)))
        for name, why in self.skipped.items():
            print(f"skipped: {name}, {why}")
        print(f"{self.missed} missed")


def rows(names):
    with open(f"{HERE}/{ROWS}", encoding="ascii") as text:
        for words in (row.split("#")[0].split() for row in text):
            if words and (not names or any(name in words[0] for name in names)):
                yield words[0], [tuple(word.split(":", 1)) for word in words[1:]]


def main():
    report = Report()
    line("ours / peer, least of %d rounds in turns" % ROUNDS, "ours", "peer", "ratio", "target")
    with tempfile.TemporaryDirectory() as folder:
        for case, targets in rows([name for name in sys.argv[1:] if name != "-v"]):
            report.row(case, targets, folder + "/input")
    report.end()


if __name__ == "__main__":
    main()
