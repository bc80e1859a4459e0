# same.awk - compares what a command printed (second file) with what a page says it prints (first file).
# "..." at the end of a line, or within one, stands for any text; a line that is only "..." for any number of lines. Exit 0: the same.
FNR == NR { want[++n] = $0; next }
{ got[++m] = $0 }

# fits says whether text is pattern, in which "..." stands for anything: the pieces between must come in this order.
function fits(text, pattern,    pieces, count, i, at) {
    count = split(pattern, pieces, /\.\.\./)
    if (count == 1) return text == pattern
    if (substr(text, 1, length(pieces[1])) != pieces[1]) return 0
    text = substr(text, length(pieces[1]) + 1)
    for (i = 2; i < count; i++) {
        at = index(text, pieces[i])
        if (!at) return 0
        text = substr(text, at + length(pieces[i]))
    }
    return length(text) >= length(pieces[count]) && substr(text, length(text) - length(pieces[count]) + 1) == pieces[count]
}

# matches compares got[j..] with want[i..].
function matches(i, j) {
    for (; i <= n; i++) {
        if (want[i] == "...") {
            for (; j <= m + 1; j++) if (matches(i + 1, j)) return 1
            return 0
        }
        if (j > m || !fits(got[j], want[i])) return 0
        j++
    }
    return j > m
}
END { exit !matches(1, 1) }
