"""peers.py - the peers of bench/solve that are Python packages.

    python3 peers.py PEER CASE FILE      the protocol of kernels.c; where the package is absent, "absent PEER"
    uvicorn peers:app                    what http_post.c measures the service against: FastAPI, NumPy, orjson
"""
import os
import sys
import time


def numpy_avx2_peer(case, file):
    """NumPy without its kernels for AVX-512, which are the slower ones where stores of chosen lanes are (Zen 4)."""
    os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V4 AVX512_ICL AVX512_SPR"
    name, *rest = numpy_peer(case, file)
    return name + " by AVX2", *rest


def numpy_peer(case, file):
    import numpy
    name, values = "numpy " + numpy.__version__, numpy.fromfile(file, {"int32": "i4", "int64": "i8", "double": "f8"}[case[1]])
    middle, ranks = len(values) // 2, [len(values) * (i + 1) // 10 for i in range(9)]
    if case[0] == "sort":
        return name, lambda: numpy.sort(values), lambda a: a[len(a) // 3]
    if case[0] == "argsort":  # of equal values it may give any first, unless asked for a stable order
        return name, lambda: numpy.argsort(values, kind="stable"), lambda a: a[len(a) // 3]
    if case[0] == "ranks":
        return name, lambda: numpy.partition(values, ranks), lambda a: sum(float(a[rank]) for rank in ranks)
    return name, lambda: numpy.partition(values, middle), lambda a: a[middle]


def bottleneck_peer(case, file):
    import bottleneck
    import numpy
    values, k = numpy.fromfile(file), int(case[2])
    move = getattr(bottleneck, "move_" + case[1])
    return "bottleneck " + bottleneck.__version__, lambda: move(values, k), lambda a: a[k - 1:][(len(a) - k + 1) // 3]


def scipy_peer(case, file):
    import numpy
    import scipy
    from scipy import ndimage, spatial
    if case[0] == "delaunay":  # Qhull
        places = numpy.fromfile(file).reshape(-1, 2)
        return "scipy " + scipy.__version__, lambda: spatial.Delaunay(places), lambda mesh: len(mesh.simplices)
    values, k = numpy.fromfile(file), int(case[2])
    filter1d = {"max": ndimage.maximum_filter1d, "min": ndimage.minimum_filter1d}[case[1]]
    return ("scipy " + scipy.__version__, lambda: filter1d(values, k),
            lambda a: a[k // 2:][(len(a) - k + 1) // 3])  # the middle of a window stands at its position


def shapely_peer(case, file):
    import numpy
    import shapely
    places = numpy.fromfile(file).reshape(-1, 2)
    name = f"shapely {shapely.__version__}, GEOS {shapely.geos_version_string}"
    if case[0] == "hull":
        cloud = shapely.multipoints(places)
        return name, lambda: shapely.convex_hull(cloud), lambda hull: (
            shapely.get_num_coordinates(hull) - (hull.geom_type == "Polygon"))
    polygon, x, y = shapely.Polygon(places[:10000]), places[10000:, 0].copy(), places[10000:, 1].copy()
    if case[0] == "near":
        outline, cloud = polygon.exterior, shapely.points(x, y)

        def near():
            shapely.prepare(outline)
            found = shapely.dwithin(outline, cloud, 1e-5)
            shapely.destroy_prepared(outline)
            return found
        return name, near, lambda found: found.sum()

    def inside():
        shapely.prepare(polygon)
        found = shapely.contains_xy(polygon, x, y)
        shapely.destroy_prepared(polygon)
        return found
    return name, inside, lambda found: found.sum()


def ortools_peer(case, file):
    """Each of its solvers that may finish; the best is who proves most value in least time.

    CP-SAT is asked directly: behind KnapsackSolver it (and SCIP) may end 1e-4 below the optimum and call that optimal."""
    import numpy
    import ortools
    from ortools.algorithms.python import knapsack_solver
    from ortools.sat.python import cp_model
    kind, limit = knapsack_solver.SolverType, float(os.environ.get("LIMIT", 3))
    numbers = numpy.fromfile(file, "i8")
    n, capacity = int(numbers[0]), int(numbers[1])
    weights, values = numbers[2:2 + n].tolist(), numbers[2 + n:].tolist()

    def knapsack_solver_of(which):
        solver = knapsack_solver.KnapsackSolver(which, "bench")
        solver.set_time_limit(limit)
        solver.init(values, [weights], [capacity])
        start = time.perf_counter()
        value = solver.solve()
        return not solver.is_solution_optimal(), -value, time.perf_counter() - start

    def cp_sat():
        model, solver = cp_model.CpModel(), cp_model.CpSolver()
        taken = [model.new_bool_var("") for _ in range(n)]
        model.add(cp_model.LinearExpr.weighted_sum(taken, weights) <= capacity)
        model.maximize(cp_model.LinearExpr.weighted_sum(taken, values))
        solver.parameters.max_time_in_seconds = limit
        start = time.perf_counter()
        status = solver.solve(model)
        took = time.perf_counter() - start
        found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        return status != cp_model.OPTIMAL, -int(solver.objective_value) if found else 0, took

    def solve():
        best = knapsack_solver_of(kind.KNAPSACK_MULTIDIMENSION_BRANCH_AND_BOUND_SOLVER)
        if best[0] or best[2] > 0.1 * limit:  # else the others are slower
            best = min(best, cp_sat())
            if n * capacity < 3e8 * limit:  # it knows no limit of time
                best = min(best, knapsack_solver_of(kind.KNAPSACK_DIVIDE_AND_CONQUER_SOLVER))
        solve.note = "unproven" if best[0] else ""
        solve.took = max(best[2], limit) if best[0] else best[2]  # without a proof it has not finished
        return -best[1]
    return "OR-Tools " + ortools.__version__, solve, lambda value: value


def main():
    peers = {"numpy": numpy_peer, "numpy-avx2": numpy_avx2_peer, "bottleneck": bottleneck_peer, "scipy": scipy_peer, "shapely": shapely_peer,
             "ortools": ortools_peer}
    peer, case, file = sys.argv[1:]
    try:
        name, run, check = peers[peer](case.split("-"), file)
    except ImportError:
        print("absent", peer, flush=True)
        return
    print("ready", name, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        out = run()
        took = time.perf_counter() - start
        took = getattr(run, "took", took)
        print(f"{took:.9f} {float(check(out)):.17g} {getattr(run, 'note', '')}", flush=True)


def make_app():
    import fastapi
    import numpy
    import orjson
    service = fastapi.FastAPI()

    @service.post("/v1/solve/sort")
    async def sort(request: fastapi.Request):
        values = numpy.sort(numpy.array(orjson.loads(await request.body())["values"]))
        return fastapi.Response(orjson.dumps({"values": values}, option=orjson.OPT_SERIALIZE_NUMPY),
                                media_type="application/json")
    return service


if __name__ == "__main__":
    main()
else:
    app = make_app()
