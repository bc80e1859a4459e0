#!/bin/sh
# Models that come along are linked to, by script/serve and in the image, and what a user has put there stays.
. "$(dirname "$0")/lib"

share=$scratch/share to=$scratch/to
mkdir -p "$share/models/old" "$share/models/new" "$share/models/own" "$share/models/theirs" "$share/models/no-model" "$to/own" "$scratch/elsewhere/old" "$scratch/bin"
for model in old new own theirs; do echo '{}' > "$share/models/$model/model_index.json"; done
cp script/link-models "$share/"
ln -s "$scratch/gone/models/old" "$to/old" # of an image that had it elsewhere
ln -s "$scratch/elsewhere" "$to/theirs"

# leads NAME TARGET
leads() { [ "$(readlink "$to/$1")" = "$2" ]; }

printf '#!/bin/sh\necho "$*" > "%s/called"\n' "$scratch" > "$scratch/bin/solvent"
chmod +x "$scratch/bin/solvent"
# entry ARGUMENTS...
entry() { PATH=$scratch/bin:$PATH SOLVENT_SHARE=$share SOLVENT_MODELS=$to docker/entry "$@"; }

if entry health && [ "$(cat "$scratch/called")" = health ] && [ ! -e "$to/new" ]; then ok other_commands_link_nothing; else failed other_commands_link_nothing; fi
for round in 1 2; do
    if entry serve --listen x && [ "$(cat "$scratch/called")" = 'serve --listen x' ] &&
        leads new "$share/models/new" && leads old "$share/models/old" && leads theirs "$scratch/elsewhere" &&
        [ ! -L "$to/own" ] && [ ! -e "$to/no-model" ] && [ ! -e "$to/new/new" ]; then
        ok "missing_links_are_made_$round"
    else
        ls -l "$to"
        failed "missing_links_are_made_$round"
    fi
done
if PATH=$scratch/bin:$PATH SOLVENT_SHARE=$share SOLVENT_MODELS=$scratch/none docker/entry serve && [ "$(cat "$scratch/called")" = serve ]; then
    ok without_a_folder_it_serves
else
    failed without_a_folder_it_serves
fi
end
