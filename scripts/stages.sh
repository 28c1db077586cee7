# What the scripts that run a recipe from end to end share; sourced after lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154

# DATA OUT [ARGUMENT …] into data, out and arguments; builds the binary unless FACEREC names one. `from`: where the caller
# was.
parse_arguments() {
  case "${1:-}" in -h | --help) usage; exit 0 ;; esac
  [ $# -ge 2 ] || fail 2 "DATA and OUT are missing; see $0 --help"
  data=$(cd "$from" && realpath -m -- "$1")
  out=$(cd "$from" && realpath -m -- "$2")
  arguments=("${@:3}")
  mkdir -p "$out"
  facerec=${FACEREC:-build/release/bin/facerec}
  if [ -z "${FACEREC:-}" ]; then
    scripts/setup
    say "building"
    build release --target facerec
  fi
}

# What a stage is made from: its command, and the recipe that this names.
origin_of() {
  printf '%s\n' "$@"
  if [[ $2 == *.yaml ]]; then cat "$2"; fi
}

# stage NAME COMMAND …: runs facerec, unless this very command ended well before. A stage that runs makes the later ones
# run again.
stage() {
  local name=$1 start=$SECONDS status=0 origin
  shift
  origin=$(origin_of "$@" | sha256sum)
  if [ "$(cat "$out/$name.stamp" 2>/dev/null)" = "$origin" ] && [ -z "${changed:-}" ]; then
    say "$name: done before"
    return
  fi
  changed=yes
  rm -f "$out/$name.stamp"
  say "$name: facerec $*"
  "$facerec" "$@" || status=$?
  # 3: done, but some images could not be read; they are named in the run.
  [ $status -eq 0 ] || [ $status -eq 3 ] || exit $status
  echo "$origin" >"$out/$name.stamp"
  say "$name: done in $((SECONDS - start)) s"
}

newest_run() {
  local run
  for run in "$out/runs/$1"*_[0-9][0-9][0-9][0-9]-*; do echo "$run"; done | sort -V | tail -n 1
}
