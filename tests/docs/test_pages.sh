#!/bin/sh
# Does every ```console block of the pages do what the page says? Each block is one test. A command is run as it stands, with the
# port of a server of our own, and must print exactly what stands below it (see same.awk for "..."). What would install, serve or need
# another machine is only looked at: the scripts and make targets that it names must exist, and shell scripts must parse.
# And what the pages link to must be there.
. "$(dirname "$0")/lib"
pages=${PAGES:-$(ls README.md CONTRIBUTING.md docs/*.md 2> /dev/null)}

# looked_at handles a command that is not to be run here; false where it is one to run.
looked_at() {
    # shellcheck disable=SC2086
    set -f && set -- $1 && set +f
    while [ $# -gt 0 ]; do
        case $1 in [A-Z]*=* | sudo | time) shift ;; *) break ;; esac
    done
    case $1 in
    script/* | ./script/* | .ci/*) found=0 && [ -x "$1" ] && sh -n "$1" || found=1 ;;
    sh | bash) found=0 && sh -n "$2" || found=1 ;;
    make) found=0 && make_targets "$@" || found=1 ;;
    docker) found=0 && docker_files "$@" || found=1 ;;
    git | cd | apt-get | apt | bench/*) found=0 ;;
    solvent | ./solvent) [ "${2:-}" = serve ] && found=0 || return 1 ;;
    *) return 1 ;;
    esac
}

make_targets() {
    shift
    for argument in "$@"; do
        case $argument in *=* | -*) continue ;; '#'*) break ;; esac
        grep -q "^$argument:" Makefile || { echo "the Makefile has no target $argument" && return 1; }
    done
}

docker_files() {
    for argument in "$@"; do
        case $argument in docker/*) [ -e "$argument" ] || { echo "there is no $argument" && return 1; } ;; esac
    done
}

# run_command NAME runs NAME.command and compares with NAME.output.
run_command() {
    command=$(cat "$1.command")
    if looked_at "$command"; then
        [ "$found" -eq 0 ] || echo "not as the page says: $command"
        return "$found"
    fi
    sed "s/127\.0\.0\.1:8080/127.0.0.1:$port/g; s/localhost:8080/127.0.0.1:$port/g; s,^\./solvent ,solvent ," "$1.command" > "$1.run"
    # curl draws a progress bar where its output is no terminal; a reader does not see it
    CURL_HOME=$scratch timeout 60 sh "$1.run" < /dev/null > "$1.raw" 2>&1
    tr -d '\r' < "$1.raw" | sed "s/127\.0\.0\.1:$port/127.0.0.1:8080/g" > "$1.got"
    awk -f tests/docs/same.awk "$1.output" "$1.got" && return 0
    # awk counts no lines in an empty first file
    if [ ! -s "$1.output" ] && [ ! -s "$1.got" ]; then return 0; fi
    printf '$ %s\n--- the page says\n%s\n--- it prints\n%s\n' "$command" "$(cat "$1.output")" "$(cat "$1.got")"
    return 1
}

run_block() {
    k=1 result=0
    while [ -e "$scratch/$1.$k.command" ]; do
        run_command "$scratch/$1.$k" || result=1
        k=$((k + 1))
    done
    return "$result"
}

# links_lead PAGE: whatever a page of the project links to is there.
links_lead() {
    grep -o '](\([^)]*\))' "$1" | sed 's/^](//; s/[#)].*//' | grep -v '^[a-z]*:' | sort -u | while read -r target; do
        [ -z "$target" ] || [ -e "$(dirname "$1")/$target" ] || echo "$1 links to $target, which is not there"
    done > "$scratch/broken"
    cat "$scratch/broken"
    [ ! -s "$scratch/broken" ]
}

for page in $pages examples/README.md models/README.md models/*/README.md; do
    name=$(echo "${page%.md}" | tr -c 'A-Za-z0-9\n' _)
    if links_lead "$page"; then ok "links_of_$name"; else failed "links_of_$name"; fi
done
if ! command -v curl > /dev/null; then
    skipped pages
    end
fi
printf 'silent\nshow-error\n' > "$scratch/.curlrc"
mkdir "$scratch/models" && ln -s "$PWD"/models/* "$scratch/models" # where a page's model is written
start_server "--models $scratch/models" || {
    failed server_starts
    end
}
for page in $pages; do
    word=$(basename "$page" .md | tr -c 'A-Za-z0-9\n' _)
    blocks=$(awk -v folder="$scratch" -f tests/docs/console.awk "$page") || failed "${word}_blocks"
    for block in $blocks; do
        if run_block "$block"; then ok "${word}_line_$block"; else failed "${word}_line_$block"; fi
    done
    rm -f "$scratch"/*.command "$scratch"/*.output
done
# A suite without a page is no pass.
[ -n "$pages" ] || skipped pages
end
