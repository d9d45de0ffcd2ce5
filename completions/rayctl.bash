# Completion of rayctl(1) for bash: source it, or put it where bash-completion looks, as
# ~/.local/share/bash-completion/completions/rayctl.

_rayctl() {
  local verbs='submit run jobs show log wait cancel pause resume retry delete get hosts server doctor'
  local common='--json --server --token-file --home --version --help -h'
  local submitting='--retries --time-limit --progress-limit --wait --name --priority --patience'
  local current=${COMP_WORDS[COMP_CWORD]} previous='' verb='' word options at dashes=0 count=0
  local -a to=()
  COMPREPLY=()

  # What stands before the cursor: the verb, its words, and the options that say which server is meant.
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    previous=$word
    if ((dashes)); then
      ((count++))
    elif [[ $word == -- ]]; then
      dashes=$at
    elif _rayctl_takes_value "$word"; then
      ((at + 1 < COMP_CWORD)) || break
      ((at++))
      previous=''
      case $word in --server | --token-file | --home) to+=("$word" "$(_rayctl_plain "${COMP_WORDS[at]}")") ;; esac
    elif [[ $word != -* ]]; then
      if [[ -z $verb ]]; then verb=$word; else ((count++)); fi
    fi
  done

  if [[ $verb == run && $dashes -gt 0 ]]; then
    if ((count == 0)); then _rayctl_files -c; else _rayctl_files -f; fi
    return
  fi
  ((dashes)) && previous=''
  case $previous in
    --home | --project) _rayctl_files -d; return ;;
    --token-file | --output | -o) _rayctl_files -f; return ;;
    --state) _rayctl_words 'waiting running paused done failed cancelled'; return ;;
    --ambient) _rayctl_words 'shared freeze private none'; return ;;
    -*) if _rayctl_takes_value "$previous"; then return; fi ;;
  esac

  if [[ $current == -* ]] && ((!dashes)); then
    case $verb in
      submit) options="--view --set --ambient --force --replace $submitting" ;;
      run) options="--project --frames --slots -- $submitting" ;;
      jobs) options='--state --limit --all' ;;
      show) options='--tasks' ;;
      log) options='--task --frame --follow -f --patience' ;;
      wait) options='--patience' ;;
      get) options='--png --view --output -o --force' ;;
      *) options='' ;;
    esac
    _rayctl_words "$options $common"
    return
  fi

  case $verb in
    '') _rayctl_words "$verbs" ;;
    submit) if ((count == 0)); then _rayctl_files -f '*.rif'; fi ;;
    show | log | get) if ((count == 0)); then _rayctl_jobs; fi ;;
    wait | cancel) _rayctl_jobs waiting running paused ;;
    pause) _rayctl_jobs waiting running ;;
    resume) _rayctl_jobs paused ;;
    retry) _rayctl_jobs failed cancelled ;;
    delete) _rayctl_jobs 'done' failed cancelled ;;
    doctor) if ((count == 0)); then _rayctl_files -d; fi ;;
  esac
}

_rayctl_takes_value() {
  case $1 in
    --server | --token-file | --home | --view | --set | --ambient | --name | --priority | --retries | --time-limit | \
      --progress-limit | --patience | --project | --frames | --slots | --state | --limit | --task | --frame | \
      --output | -o) return 0 ;;
  esac
  return 1
}

# A word as the shell would hand it on, without running anything.
_rayctl_plain() {
  local word=${1//[\"\'\\]/}
  printf '%s' "${word/#\~/$HOME}"
}

_rayctl_words() {
  local IFS=$' \t\n'
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

# _rayctl_files -c|-d|-f [PATTERN]: commands, directories, or files that fit the pattern, and directories.
_rayctl_files() {
  compopt -o filenames 2>/dev/null
  if [[ -n ${2-} ]]; then
    mapfile -t COMPREPLY < <(compgen -f -X "!$2" -- "$current"; compgen -d -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
  fi
}

# Numbers of jobs in these states, the newest first, from the server that the line names.
_rayctl_jobs() {
  local IFS=$' \t\n'
  compopt -o nosort 2>/dev/null
  mapfile -t COMPREPLY < <(
    compgen -W "$("$(_rayctl_plain "${COMP_WORDS[0]}")" "${to[@]}" complete-jobs "$@" 2>/dev/null </dev/null | cut -f 1)" -- "$current"
  )
}

complete -F _rayctl rayctl
