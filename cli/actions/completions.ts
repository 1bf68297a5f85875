/**
 * `drover completions`: the scripts that let a shell ask `drover __complete`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { DroverContext } from "../context.ts";

/** Words go to `drover __complete` as they stand; the answers are `word<TAB>meaning` lines. */
const scripts: ReadonlyMap<string, string> = new Map([
  [
    "bash",
    `# bash completion for drover
_drover() {
  local word reply
  COMPREPLY=()
  # URIs hold colons, at which bash would break words.
  local line="\${COMP_LINE:0:COMP_POINT}" words
  read -r -a words <<< "$line"
  [[ "$line" == *" " ]] && words+=("")
  word="\${words[\${#words[@]}-1]}"
  while IFS=$'\\t' read -r reply _; do
    [[ -n "$reply" ]] && COMPREPLY+=("$(printf '%q' "$reply")")
  done < <(drover __complete "\${words[@]:1}" 2>/dev/null)
  if (( \${#COMPREPLY[@]} == 0 )); then
    compopt -o default 2>/dev/null
  elif [[ "$word" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    local prefix="\${word%"\${word##*:}"}" index
    for index in "\${!COMPREPLY[@]}"; do COMPREPLY[index]="\${COMPREPLY[index]#"$prefix"}"; done
  fi
}
complete -F _drover drover
`,
  ],
  [
    "zsh",
    `#compdef drover
_drover() {
  local -a found
  local reply meaning
  while IFS=$'\\t' read -r reply meaning; do
    [[ -n "$reply" ]] && found+=("\${reply//:/\\\\:}:\${meaning}")
  done < <(drover __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe 'drover' found; else _files; fi
}
compdef _drover drover
`,
  ],
  [
    "fish",
    `# fish completion for drover
function __drover_complete
    set -l words (commandline -opc) (commandline -ct)
    drover __complete $words[2..-1] 2>/dev/null
end
complete -c drover -a '(__drover_complete)'
`,
  ],
]);

/** Prints the completion script for a shell. */
export function completions(this: DroverContext, _flags: Record<never, never>, shell: string): void {
  const script = scripts.get(shell);
  if (script === undefined) {
    throw new VirtError("invalid-argument", `No completions for "${shell}"`, {
      hint: `There are some for ${[...scripts.keys()].join(", ")}`,
    });
  }
  this.io.stdout.write(script);
}
