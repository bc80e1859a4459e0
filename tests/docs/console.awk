# console.awk - takes the fenced ```console blocks of a Markdown page apart.
# For command K of the block that starts in line L (mind the order: K counts from 1) it writes the files FOLDER/L.K.command and
# FOLDER/L.K.output: what stands behind "$ " (and behind "> " in the lines that go on with it), and the lines below, up to the
# next command. -v folder=FOLDER. Prints the numbers L, one a line.
/^[ ]*```console/ && !inside { inside = 1; k = 0; block = NR; indent = match($0, /`/) - 1; print block; next }
/^[ ]*```[ ]*$/ && inside { inside = 0; name = ""; next }
!inside { next }
{ line = substr($0, 1, indent) ~ /^ *$/ ? substr($0, indent + 1) : $0 }
line ~ /^\$ / {
    name = sprintf("%s/%d.%d", folder, block, ++k)
    printf "%s\n", substr(line, 3) > (name ".command")
    printf "" > (name ".output")
    commanding = 1
    next
}
commanding && line ~ /^> / { printf "%s\n", substr(line, 3) > (name ".command"); next }
k == 0 { print "line " NR ": a console block must begin with a command (\"$ ...\")" > "/dev/stderr"; exit 1 }
{ commanding = 0; printf "%s\n", line > (name ".output") }
