#!/bin/sh
# Are the requests of examples/ answered? Each row of its README names a file, an endpoint and perhaps an Accept; each file has a row.
# And does examples/sampler.mjs, as docs/sampling.md shows it, sample as the service does (sampler_check.mjs)?
. "$(dirname "$0")/lib"

rows=$(sed -n 's/^| `\([a-z0-9_-]*\.json\)` | `\([^`]*\)` | \(.*\) |$/\1 \2 \3/p' examples/README.md)
[ -n "$rows" ] || failed examples_have_rows

SOLVENT_MODELS=$scratch/models # where an example's model is written
export SOLVENT_MODELS
mkdir -p "$SOLVENT_MODELS" && ln -s "$PWD"/models/* "$SOLVENT_MODELS"

# answered FILE ENDPOINT REST-OF-THE-ROW...
answered() {
    file=$1 endpoint=$2
    accept=$(printf '%s\n' "$*" | sed -n 's/.*`Accept: \([^`]*\)`.*/\1/p')
    "$solvent" call POST "$endpoint" - "${accept:-application/json}" < "examples/$file" > "$scratch/answer" 2> "$scratch/errors" && [ -s "$scratch/answer" ]
}

printf '%s\n' "$rows" > "$scratch/rows"
while read -r file endpoint rest; do
    name=$(echo "$file" | tr -c 'a-z0-9\n' _)
    if answered "$file" "$endpoint" "$rest"; then
        ok "example_$name"
    else
        cat "$scratch/answer" "$scratch/errors"
        failed "example_$name"
    fi
done < "$scratch/rows"

for file in examples/*.json; do
    grep -q "^$(basename "$file") " "$scratch/rows" || failed "row_of_$(basename "$file" .json)"
done

# The lines of the page are those of the file.
sed -n '/^export async function sample/,/^}/p' docs/sampling.md > "$scratch/page"
sed -n '/^export async function sample/,/^}/p' examples/sampler.mjs > "$scratch/file"
if [ -s "$scratch/file" ] && cmp "$scratch/page" "$scratch/file"; then ok sampler_mjs_of_the_page; else failed sampler_mjs_of_the_page; fi

if ! command -v node > /dev/null || ! node -e 'fetch' 2> /dev/null; then
    skipped sampler_mjs # before Node 18 there is no fetch
elif start_server '' && node tests/docs/sampler_check.mjs "http://127.0.0.1:$port"; then
    ok sampler_mjs
else
    failed sampler_mjs
fi
end
