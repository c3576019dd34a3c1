# Sourced by the commands in deploy/: steps that show their progress, and errors that say what to do.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' plain=''
fi

# fail MESSAGE [WHAT TO DO ...]: says it and ends the command.
fail() {
  printf '%sdeploy/%s: %s%s\n' "$red" "$(basename "$0")" "$1" "$plain" >&2
  shift
  local line
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# step TITLE COMMAND [ARGUMENT ...]: runs it with its output in a log, showing that it is alive every few seconds; on failure
# prints the log's errors and its end. The log stays in $step_log.
step() {
  local title=$1 started=$SECONDS shown=$SECONDS last status
  shift
  rm -f "${step_log:-}"
  step_log=$(mktemp "${TMPDIR:-/tmp}/cloudbill-step-XXXXXX.log")
  printf '%s==>%s %s\n' "$bold" "$plain" "$title"
  "$@" >"$step_log" 2>&1 </dev/null &
  step_process=$!
  while kill -0 "$step_process" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - shown)) -ge 10 ]; then
      shown=$SECONDS
      last=$(tail -n 1 "$step_log" | tr -d '\r' | cut -c 1-100)
      printf '%s    %4ds  %s%s\n' "$dim" $((SECONDS - started)) "$last" "$plain"
    fi
  done
  if wait "$step_process"; then status=0; else status=$?; fi
  step_process=
  if [ "$status" != 0 ]; then
    grep -E -A 4 '(error|warning): ' "$step_log" | head -n 80 >&2 || true
    echo "--- the end of the output ---" >&2
    tail -n 30 "$step_log" >&2
    fail "\"$title\" failed (exit $status)" "the whole output is in $step_log"
  fi
  printf '    %sdone%s in %d s\n' "$green" "$plain" $((SECONDS - started))
}
