# What the scripts of this folder share; sourced, not run. The caller's working directory becomes the project's root.
# shellcheck shell=bash
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

say() { printf '%s: %s\n' "${0##*/}" "$*"; }
fail() {  # fail CODE MESSAGE
  printf '%s: %s\n' "${0##*/}" "$2" >&2
  exit "$1"
}
# The comment at the head of the script that is running.
usage() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# The compile jobs that fit: one a core, 2.5 GiB of free memory each.
jobs_that_fit() {
  local cores memory limit used
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
  # A container's own limit; "max" where there is none.
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  if [[ $limit =~ ^[0-9]+$ ]]; then
    used=$(awk '$1 == "anon" { print $2 }' /sys/fs/cgroup/memory.stat 2>/dev/null || echo 0)
    limit=$(((limit - ${used:-0}) / 1048576))
    ((limit < memory)) && memory=$limit
  fi
  local jobs=$((memory / 2560))
  ((jobs > cores)) && jobs=$cores
  ((jobs < 1)) && jobs=1
  echo "$jobs"
}

# build PRESET [ARGUMENT of `cmake --build` …]. FACEREC_TORCH_ROOT in the environment names another LibTorch.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" ${FACEREC_TORCH_ROOT:+"-DFACEREC_TORCH_ROOT=$FACEREC_TORCH_ROOT"} >/dev/null
  cmake --build --preset "$preset" --parallel "$(jobs_that_fit)" "$@"
}
