#!/bin/sh
# Does the example endpoint of CONTRIBUTING.md work? Its files (```c PATH) go into a copy of the sources and of what is built already, which
# is then made and tested: the module's own test, the contract test over all descriptors, and a call of the new route.
. "$(dirname "$0")/lib"
built=$(dirname "$solvent") mode=$(basename "$(dirname "$solvent")")
copy=$scratch/copy
case $mode in release | asan) ;; *)
    skipped example_endpoint # only a build of our own can be gone on with
    end
    ;;
esac

mkdir -p "$copy/build/$mode/tests" "$copy/docs" "$copy/tests/handlers"
cp -a Makefile VERSION core handlers server "$copy"
[ ! -d web ] || cp -a web "$copy"
cp -a tests/support tests/run "$copy/tests"
cp -a tests/handlers/test_contract.c "$copy/tests/handlers"
for part in "$built"/*; do
    case $part in */tests | */bench | */solvent) ;; *) cp -a "$part" "$copy/build/$mode" ;; esac
done
cp -a "$built/tests/support" "$copy/build/$mode/tests"

awk -v to="$copy" '
    /^```c [^ ]+$/ { file = to "/" $2; folder = file; sub(/\/[^\/]*$/, "", folder); system("mkdir -p " folder); next }
    /^```/ { file = "" }
    file { print > file }' CONTRIBUTING.md

# Of make only what the project sets: the flags of an outer make would ask for its job server.
if (unset MAKEFLAGS MFLAGS MAKELEVEL && cd "$copy" && make MODE="$mode" docs && make MODE="$mode" test) > "$scratch/made" 2>&1 &&
    answer=$("$copy/build/$mode/solvent" call POST /v1/solve/gcd '{"values":[84,36,60]}') && [ "$answer" = '{"gcd":12}' ]; then
    ok example_endpoint
else
    cat "$scratch/made"
    echo "POST /v1/solve/gcd answers: ${answer:-nothing}"
    failed example_endpoint
fi
end
