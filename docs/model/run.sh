#!/usr/bin/env bash
# Checks lease.pml with spin, exhaustively, and that its mutations are refuted.
# Prints a line for each check; counterexamples go to bin/model. See README.md.
set -euo pipefail

model=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(cd "$model/../.." && pwd)/bin/model

cc=${CC:-cc}
for tool in spin "$cc"; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "docs/model needs $tool, which is not installed: apt-get install spin gcc libc6-dev" >&2
    exit 1
  fi
done

rm -rf "$out"
mkdir -p "$out"
started=$SECONDS

# What an error of pan violates; empty when its search was whole and found none.
violation() { # log
  if grep -q 'max search depth too small\|out of memory\|memory limit\|hash table too small' "$1"; then
    echo "the search was cut short"
  elif grep -q 'assertion violated.*<=1)' "$1"; then
    echo "mutual exclusion"
  elif grep -q 'assertion violated.*running==0)' "$1"; then
    echo "release only after stop"
  elif grep -q 'assertion violated' "$1"; then
    echo "owned within the bound"
  elif grep -q 'acceptance cycle' "$1"; then
    echo "owned for ever in the end"
  elif ! grep -q 'errors: 0$' "$1" || grep -q 'Search not completed' "$1"; then
    echo "an error of another sort"
  fi
}

# check NAME WANTED PAN CFLAGS FLAG...: WANTED is what has to be violated, "" for
# the protocol itself; PAN and CFLAGS are what pan and the compiler are given.
check() {
  local name=$1 wanted=$2 pan=$3 cflags=$4
  shift 4
  local dir=$out/${name//[^a-zA-Z0-9]/-} begun=$SECONDS
  mkdir -p "$dir"
  cp "$model/lease.pml" "$dir"
  (
    cd "$dir"
    spin "$@" -a lease.pml >spin.log 2>&1 || { cat spin.log >&2; exit 1; }
    # shellcheck disable=SC2086
    "$cc" -w -DNOREDUCE -DMEMLIM=3500 $cflags -o pan pan.c
    # shellcheck disable=SC2086
    ./pan $pan >pan.log 2>&1 || true
  )
  local got states verdict
  got=$(violation "$dir/pan.log")
  states=$(awk '/states, stored/ { print $1; exit }' "$dir/pan.log")
  if [[ -z $wanted && -z $got ]]; then
    verdict="ok: no error"
  elif [[ -z $wanted ]]; then
    verdict="FAILED: $got"
  elif [[ $got == "$wanted" ]]; then
    verdict="ok: refuted, it violates: $got"
  else
    verdict="FAILED: not refuted as it should be: ${got:-no error}"
  fi
  if [[ -f $dir/lease.pml.trail ]]; then
    # The steps by name, and in the end the state.
    (cd "$dir" && spin "$@" -t -T lease.pml 2>/dev/null |
      grep -v '^ltl \|^Never claim\|^$\|^starting claim' >counterexample.txt) || true
  fi
  printf '%-38s %9s states %3ds  %s\n' "$name" "${states:-?}" $((SECONDS - begun)) "$verdict"
}

# Every step of the model has to happen, or the model says nothing about it. pan
# does not count what is in a d_step, but each prints a line of its own.
reached() {
  local dir=$out/every-step-happens begun=$SECONDS verdict="ok: all of them" line pattern never=()
  mkdir -p "$dir"
  cp "$model/lease.pml" "$dir"
  cd "$dir"
  spin -DN=2 -DD=3 -a lease.pml >spin.log 2>&1
  "$cc" -w -O1 -DSAFETY -DNOREDUCE -DPRINTF -o pan pan.c
  ./pan -m4000000 -w22 | awk '!seen[$0]++' >steps.txt
  "$cc" -E -P -x c -DN=2 -DD=3 lease.pml | grep -o 'printf("[^"]*"' | sort -u >wanted.txt
  while read -r line; do
    pattern=$(sed 's/^printf("//; s/\\n"$//; s/%d/[0-9]*/g; s/%e/[^ ]*/g' <<<"$line")
    grep -q -- "^ *$pattern\$" steps.txt || never+=("$pattern")
  done <wanted.txt
  [[ -s wanted.txt ]] || verdict="FAILED: no step found"
  [[ ${#never[@]} -eq 0 ]] || verdict="FAILED: never: ${never[*]}"
  printf '%-38s %9s steps  %3ds  %s\n' "every step happens" "$(wc -l <wanted.txt)" $((SECONDS - begun)) "$verdict"
}

protocol_2() {
  check "safety, 2 replicas" "" "-m4000000 -w24" "-O3 -DSAFETY" -DN=2 -DD=5
}
protocol_3() {
  check "safety, 3 replicas, fewer faults" "" "-m4000000 -w25" "-O3 -DSAFETY" \
    -DN=3 -DD=2 -DSTEPS=1 -DFEWER_FAULTS
}
progress() {
  check "progress, 2 replicas" "" "-a -m4000000 -w24" "-O3" -DN=2 -DD=4 -DPROGRESS
}
mutations() {
  # Breadth first: the shortest counterexample.
  local first="-O1 -DSAFETY -DBFS"
  check "release before stop" "mutual exclusion" "-w22" "$first" -DRELEASE_BEFORE_STOP -DUNORDERED
  check "release before stop, the order itself" "release only after stop" "-w22" "$first" -DRELEASE_BEFORE_STOP
  check "safe-until later than expiry" "mutual exclusion" "-w22" "$first" -DSAFE_UNTIL_LATE
  check "safe-until without the margin" "mutual exclusion" "-w22" "$first" -DNO_MARGIN
  check "safe-until counted from the answer" "mutual exclusion" "-w22" "$first" -DFROM_ANSWER
  check "taken over a tick early" "mutual exclusion" "-w22" "$first" -DSHORT_WATCH
  check "release without the version" "mutual exclusion" "-w22" "$first" -DRELEASE_UNCHECKED
  check "owned a tick sooner than the bound" "owned within the bound" "-a -m2000000 -w22" "-O1" -DPROGRESS -DBOUND=5
  check "an expired Lease is left alone" "owned for ever in the end" "-a -m2000000 -w22" "-O1" \
    -DPROGRESS -DNEVER_EXPIRED -DUNBOUNDED
}

# The largest beside the others: two at a time.
protocol_3 >"$out/protocol_3.txt" 2>&1 &
third=$!
trap 'kill $third 2>/dev/null || true' EXIT
echo "The protocol, to which spin must find no error:"
protocol_2 2>&1 | tee "$out/protocol_2.txt"
progress 2>&1 | tee "$out/progress.txt"
(reached) 2>&1 | tee "$out/reached.txt"
mutations >"$out/mutations.txt" 2>&1 || true
wait "$third" || true
trap - EXIT
cat "$out/protocol_3.txt"
echo "Mutations, each of which spin must refute:"
cat "$out/mutations.txt"
echo "$((SECONDS - started)) s; logs and counterexamples: bin/model"

# Thirteen checks, and each has to say ok.
if grep -q FAILED "$out"/*.txt || [[ $(cat "$out"/*.txt | grep -c ' ok: ') -ne 13 ]]; then
  echo "FAILED" >&2
  exit 1
fi
