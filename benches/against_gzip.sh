#!/usr/bin/env bash
# The whole program against `gzip -6` of the file that it wrote, its growth with the number of
# points, and two threads against two processes. Prints tables for benches/README.md.
#
#   benches/against_gzip.sh [TIMES]      best of TIMES runs each, 3 unless told
#
# Needs cargo, gzip, awk and coreutils. Wall times, so run it on a machine with nothing else to do.
set -euo pipefail
cd "$(dirname "$0")/.."
times=${1:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cargo build --release --locked --bin glyptic --example large_photo
target=${CARGO_TARGET_DIR:-target}/release
large_photo=$target/examples/large_photo
photo=$folder/photo.jpg
half_photo=$folder/half.jpg
"$large_photo" 3000 "$photo"
# Half the pixels.
"$large_photo" 2121 "$half_photo"

# least A B: the lesser one; A may be empty.
least() { awk -v a="${1:-$2}" -v b="$2" 'BEGIN { print (b + 0 < a + 0) ? b : a }'; }

# seconds COMMAND...: the best wall time of $times runs, each of which writes new files: taking the old
# ones away is no part of either program's work.
seconds() {
    local best='' start taken
    for _ in $(seq "$times"); do
        rm -f "$folder/out" "$folder"/new*.dxf
        start=$EPOCHREALTIME
        "$@" >"$folder/out" 2>"$folder/err" || { cat "$folder/err" >&2; return 1; }
        taken=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
        best=$(least "$best" "$taken")
    done
    echo "$best"
}

# etch PHOTO SIZE POINTS QUALITY DXF [FLAG...]
etch() {
    local photo=$1 size=$2 points=$3 quality=$4 dxf=$5
    shift 5
    "$target/glyptic" etch "$photo" --blank heart-80x70x40 --size "$size" --points "$points" \
        --quality "$quality" -o "$dxf" --report "$dxf.json" --quiet "$@"
}

# number KEY REPORT: the number under the outermost such key of the report, two spaces in.
number() {
    awk -F'[:,]' -v key="  \"$1\"" '$1 == key { gsub(/ /, "", $2); print $2 }' "$2"
}

stages() {
    awk '/"stages"/ { on = 1; next } on && /}/ { exit }
        on { gsub(/[",:]/, ""); printf "%s%s %.0f", (n++ ? ", " : ""), $1, $2 } END { print " ms" }' "$1"
}

# number_in_stages NAME REPORT: milliseconds of a stage.
number_in_stages() {
    awk -F'[:,]' -v key="    \"$1\"" '/"stages"/ { on = 1 } on && $1 == key { print $2; exit }' "$2"
}

zip() { gzip -6 -c "$1"; }

# divide A B DIGITS
divide() { awk -v a="$1" -v b="$2" -v d="$3" 'BEGIN { printf "%.*f", d, a / b }'; }

echo
echo "$(date -u +%F), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg), best of $times"
echo
echo "| 1 M points, photo of 9 MP | glyptic, s | gzip -6, s | ratio |"
echo "| --- | --- | --- | --- |"
size=80x70x40mm
for quality in draft fine best; do
    dxf=$folder/new_$quality.dxf
    own=$(seconds etch "$photo" "$size" 1000000 "$quality" "$dxf")
    mv "$dxf" "$folder/zipped.dxf"
    gzip=$(seconds zip "$folder/zipped.dxf")
    echo "| $quality | $own | $gzip | $(divide "$own" "$gzip" 2) |"
done
echo
echo "Stages of the last run of fine: $(stages "$folder/new_fine.dxf.json")."
echo

echo "| draft at spacing, mm | points | glyptic, s | gzip -6, s | ratio |"
echo "| --- | --- | --- | --- | --- |"
for spacing in 0.05x0.06 0.06x0.07 0.1x0.11 0.12x0.14 0.15x0.18 0.2x0.24; do
    dxf=$folder/new_spacing.dxf
    own=$(seconds "$target/glyptic" etch "$photo" --blank heart-80x70x40 --spacing "$spacing" \
        --quality draft -o "$dxf" --report "$dxf.json" --quiet)
    mv "$dxf" "$folder/zipped.dxf"
    gzip=$(seconds zip "$folder/zipped.dxf")
    points=$(number points "$dxf.json")
    echo "| $spacing | $points | $own | $gzip | $(divide "$own" "$gzip" 2) |"
done
echo

# Hearts of rising size; the least of the times, or a busy host would show as growth. What grows is the work, not what a
# point sees: as many pixels and copies of the picture in a millimetre, as many points. Light pictures, so
# that hardly a point has room. On a machine whose field holds the largest, which would be cut into parts
# and ordered twice.
machine=$folder/wide.toml
cat >"$machine" <<'MACHINE'
name = "wide"
based_on = "green-532"
field_mm = [400, 400]
sources.field_mm = "A"
MACHINE
mosaic=$folder/mosaic.jpg
echo "| growth, best: side, mm | points | s | us a point | sampling, us a point | peak memory, MB | bytes a point |"
echo "| --- | --- | --- | --- | --- | --- | --- |"
for copies in 2 6 16; do
    side=$((15 * copies))
    "$large_photo" $((150 * copies)) "$mosaic" "$copies"
    dxf=$folder/new_growth.dxf
    own='' sample=''
    for _ in $(seq "$times"); do
        once=$(times=1 seconds "$target/glyptic" etch "$mosaic" --invert --blank heart-80x70x40 \
            --size "${side}x$((side * 7 / 8))x40mm" --quality best --machine "$machine" \
            -o "$dxf" --report "$dxf.json" --quiet)
        own=$(least "$own" "$once")
        sample=$(least "$sample" "$(number_in_stages sample "$dxf.json")")
    done
    points=$(number points "$dxf.json")
    memory=$(number peak_memory_mb "$dxf.json")
    a_point() { awk -v all="$1" -v unit="$2" -v p="$points" -v d="$3" 'BEGIN { printf "%.*f", d, all * unit / p }'; }
    echo "| $side | $points | $own | $(a_point "$own" 1e6 2) | $(a_point "$sample" 1e3 2) | $memory | $(a_point "$memory" 1e6 0) |"
    rm -f "$dxf"
done
echo

# Half the job: half the area, points and pixels.
halves() {
    etch "$half_photo" 56.57x49.5x40mm 500000 fine "$folder/new_left.dxf" --threads 1 &
    local left=$!
    etch "$half_photo" 56.57x49.5x40mm 500000 fine "$folder/new_right.dxf" --threads 1
    wait "$left"
}
one=$(seconds etch "$photo" 80x70x40mm 1000000 fine "$folder/new_one.dxf" --threads 1)
two=$(seconds etch "$photo" 80x70x40mm 1000000 fine "$folder/new_two.dxf" --threads 2)
apart=$(seconds halves)
echo "| fine, 1 M points | s | throughput over two processes |"
echo "| --- | --- | --- |"
echo "| one thread | $one | $(divide "$apart" "$one" 2) |"
echo "| two threads | $two | $(divide "$apart" "$two" 2) |"
echo "| two processes of one thread, half each | $apart | 1 |"
