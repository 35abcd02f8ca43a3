# How many queries each officer has made so far: a detector in twenty lines of awk.
# Run it: misusebench bench DATA --detector "cmd:gawk -f examples/plugins/volume.awk" -o RUN
# mawk reads ahead unless it is told not to: cmd:mawk -W interactive -f ...
function field(name) {
    if (match($0, "\"" name "\":\"[^\"]*\"")) return substr($0, RSTART, RLENGTH)
    if (match($0, "\"" name "\":[0-9]+")) return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    return ""
}
rows > 0 {
    rows--
    officer = field("officer_id")
    if (scoring) print seen[officer]++ + 0
    else seen[officer]++
    if (rows == 0) { if (!scoring) print "{\"type\":\"ok\"}"; fflush() }
    next
}
/"type":"hello"/ {
    print "{\"type\":\"info\",\"name\":\"volume_awk\",\"tiers\":[\"T0\",\"T1\",\"T2\",\"T3\"],\"needs\":[\"officer_id\"],\"has\":[]}"
    fflush()
    next
}
/"type":"score"/ { scoring = 1; rows = field("n"); next }
/"type":"bye"/ { exit }
